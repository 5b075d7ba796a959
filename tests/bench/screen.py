# SPDX-License-Identifier: GPL-2.0-only
"""A guest's VGA screen, fetched from its QEMU in domain 0: as PNG, as text."""
import gzip
import struct
import zlib

from setup import Failure

TEXT_AT, TEXT_SIZE = 0xb8000, 0x8000
COLUMNS = 80


def ppm_to_png(ppm):
    """Converts a binary PPM (P6, 8 bits) to PNG."""
    fields, pos = [], 0
    while len(fields) < 4:
        end = pos
        while ppm[end:end + 1] not in (b" ", b"\n", b""):
            end += 1
        word = ppm[pos:end]
        if word.startswith(b"#"):
            end = ppm.index(b"\n", pos)
        elif word:
            fields.append(word)
        pos = end + 1
    if fields[0] != b"P6" or fields[3] != b"255":
        raise Failure("the guest's screen dump is no 8-bit PPM")
    width, height = int(fields[1]), int(fields[2])
    rows = b"".join(b"\0" + ppm[pos + y * width * 3:pos + (y + 1) * width * 3]
                    for y in range(height))

    def chunk(kind, data):
        body = kind + data
        return (struct.pack(">I", len(data)) + body
                + struct.pack(">I", zlib.crc32(body)))

    return (b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def qmp(dom0, guest, command, **arguments):
    """One QMP command to a guest's QEMU."""
    return dom0.request(180, op="qmp", guest=guest, command={
        "execute": command, "arguments": arguments})["return"]


def fetch(dom0, path, limit=120):
    """A file from domain 0."""
    code, data = dom0.run_raw(f"gzip -9c {path} && rm {path}", limit)
    if code:
        raise Failure(f"domain 0 has no {path}: {data.decode().strip()}")
    return gzip.decompress(data)


def save_png(dom0, guest, path):
    """Saves the guest's screen; returns (width, height, number of colours)."""
    qmp(dom0, guest, "screendump", filename="/run/lodge/screen.ppm")
    ppm = fetch(dom0, "/run/lodge/screen.ppm")
    png = ppm_to_png(ppm)
    with open(path, "wb") as f:
        f.write(png)
    width, height = struct.unpack_from(">2I", png, 16)
    pixels = ppm[-width * height * 3:]
    colours = len({pixels[i:i + 3] for i in range(0, len(pixels), 3)})
    return width, height, colours


def text(dom0, guest):
    """The guest's VGA text memory as lines, blank ones left out."""
    qmp(dom0, guest, "pmemsave", val=TEXT_AT, size=TEXT_SIZE,
        filename="/run/lodge/vga.bin")
    chars = fetch(dom0, "/run/lodge/vga.bin")[::2]
    lines = [chars[i:i + COLUMNS].decode("cp437").replace("\0", " ").rstrip()
             for i in range(0, len(chars), COLUMNS)]
    return "\n".join(line for line in lines if line.strip())
