# SPDX-License-Identifier: GPL-2.0-only
"""What a bench run consists of: files, versions, command lines.

Reads the variables that make passes (HYPERVISOR, BOOT, ...) and calls the
recipe scripts, which build what is missing.  Starts no machine.
"""
import os
import shutil
import subprocess
import sys

BENCH = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(BENCH))
BUILD = os.path.join(TOP, os.environ.get("B", "build"))
SEABIOS = os.path.join(BUILD, "firmware", "seabios.bin")
GUESTS = os.path.join(os.path.dirname(TOP), "shared", "guests")

# Drivers of what nobody uses, which udev would load: half a minute on Bochs,
# as for separate page tables of user space and the check of the kernel's.
UNUSED = ("floppy,parport_pc,pcspkr,psmouse,sr_mod,sg,i2c_piix4,uhci_hcd,"
          "aesni_intel,ghash_clmulni_intel,sha1_ssse3,sha256_ssse3,"
          "sha512_ssse3")
# By MACHINE: CPU, number of CPUs, MiB of memory, further arguments of domain
# 0. Bochs executes 50 million instructions a second, however many CPUs have
# them.
MACHINES = {"amd": ("EPYC,+x2apic", "2", "4096", ""),
            "intel": ("corei7_skylake_x", "1", "2048",
                      "mitigations=off rodata=off modprobe.blacklist="
                      + UNUSED)}
BOCHS_MIPS = "100"      # in an emulated second

DOM0_ARGS = "root=LABEL=lodge-dom0 ro console=hvc0"
HYPERVISOR_OPTIONS = ("console=com1 com1=115200,8n1 loglvl=all "
                      "guest_loglvl=all")


class Failure(Exception):
    """Ends a run; its text is one sentence for the user."""


def env(name, default):
    return os.environ.get(name) or default


MACHINE = env("MACHINE", "amd")
SLOW = float(env("SLOW", "1")) * (3 if MACHINE == "intel" else 1)


def path_from(script):
    """Runs a recipe script (which reports its progress itself) and returns
    the path it prints."""
    done = subprocess.run([os.path.join(BENCH, script)], check=False,
                          stdout=subprocess.PIPE)
    if done.returncode:
        raise Failure(f"tests/bench/{script} failed (see above)")
    return done.stdout.decode().strip()


def in_bench(*argv):
    return [os.path.join(BENCH, "in-bench"), *argv]


class Setup:
    """All choices of one run, from the environment:

    MACHINE     amd (QEMU, default) or intel (Bochs, many times slower)
    HYPERVISOR  lodge (default), xen (Debian's Xen 4.20) or a file
    BOOT        bios (GRUB ISO, default), uefi (GRUB ISO), quick (no GRUB)
    CPU, SMP, MEM   the outer machine; QEMU's also ACCEL, NIC, QEMU_EXTRA,
                DISK (nvme, ahci, virtio)
    DOM0_MEM    1024M (default), another size, or all (no dom0_mem=)
    HV_EXTRA, DOM0_EXTRA   appended to the command lines
    """

    def __init__(self):
        if MACHINE not in MACHINES:
            raise Failure(f"MACHINE={MACHINE} is none of "
                          + ", ".join(MACHINES))
        self.intel = MACHINE == "intel"
        cpu, smp, mem, dom0_args = MACHINES[MACHINE]
        self.cpu, self.smp, self.mem = (env("CPU", cpu), env("SMP", smp),
                                        env("MEM", mem))
        self.hypervisor = env("HYPERVISOR", "lodge")
        self.boot = env("BOOT", "bios")
        self.is_xen = self.hypervisor == "xen"
        self.ahci_ports = iter((0, 1, 3, 4, 5))
        self.guest_files = {}   # more for the guests' disk: name there -> path
        self.dom0 = path_from("images/dom0.sh")
        self.guest = path_from("images/guest-debian.sh")
        name = env("RUN_NAME", "run")
        self.run_dir = os.path.join(BUILD, name + ("-intel" if self.intel
                                                   else ""))
        os.makedirs(self.run_dir, exist_ok=True)
        # Tests have ISOs of their own, beside the one for people.
        iso = f"{os.path.basename(self.hypervisor)}.iso"
        self.iso_path = (os.path.join(BUILD, iso) if name == "run"
                         else os.path.join(self.run_dir, "boot.iso"))
        options = [HYPERVISOR_OPTIONS,
                   f"dom0_max_vcpus={min(int(self.smp), 2)}"]
        if self.intel:
            # A device's interrupt while the guest has its own off makes Bochs
            # deliver a pending virtual one, as if they were on.
            options.append("vmx=no-intr-delivery")
        if env("DOM0_MEM", "1024M") != "all":
            options.append(f"dom0_mem={env('DOM0_MEM', '1024M')}")
        if self.is_xen:
            # MWAIT faults under TCG, and a hang is easier seen than a reboot.
            options.append("cpuidle=0 noreboot")
        options.append(env("HV_EXTRA", ""))
        self.options = " ".join(filter(None, options))
        self.dom0_args = " ".join(filter(None, [
            DOM0_ARGS, dom0_args, env("DOM0_EXTRA", "")]))

    def hypervisor_file(self):
        """The ELF that GRUB (or QEMU for a quick start) loads."""
        if self.is_xen:
            return self.xen()
        if self.hypervisor != "lodge":
            return os.path.abspath(self.hypervisor)
        name = "lodge32" if self.intel or self.boot == "quick" else "lodge"
        path = os.path.join(BUILD, name)
        if not os.path.exists(path):
            raise Failure(f"there is no {os.path.relpath(path)}: run make")
        return path

    def xen(self):
        """Debian's, inside the bench; unpacked for QEMU, which cannot."""
        packed = "/boot/xen-4.20-amd64.gz"
        if self.boot != "quick":
            return packed
        path = os.path.join(self.run_dir, "xen")
        with open(path, "wb") as f:
            subprocess.run(in_bench("zcat", packed), check=True, stdout=f)
        return path

    def guest_overrides(self):
        """What xl create needs in addition on this hypervisor.

        QEMU reports RDTSCP as RDTSC, which Xen's RDTSC emulation takes for a
        wrong instruction; with a native TSC nothing is emulated."""
        return " tsc_mode='\"native\"'" if self.is_xen else ""

    def iso(self):
        """Makes the boot ISO and returns its path."""
        done = subprocess.run(in_bench(
            os.path.join(BENCH, "iso.sh"), self.iso_path,
            self.hypervisor_file(),
            self.options, f"{self.dom0}/vmlinux", self.dom0_args,
            f"{self.dom0}/initrd.img"), check=False)
        if done.returncode:
            raise Failure("the boot ISO could not be made (see above)")
        return self.iso_path

    def grub_disk(self, path):
        """A guest's disk with nothing but GRUB, which asks for commands."""
        core = path + ".core"
        with open(path, "wb") as f:
            f.write(bytes(510) + b"\x55\xaa")
            f.truncate(2 << 20)
        subprocess.run(in_bench(
            "grub-mkimage", "-O", "i386-pc", "-p", "(hd0)", "-o", core,
            "biosdisk", "halt", "ls", "normal"), check=True)
        subprocess.run(in_bench(
            os.path.join(BENCH, "images", "grub-to-mbr"),
            "/usr/lib/grub/i386-pc/boot.img", core, path), check=True)
        os.unlink(core)

    def guests_disk(self):
        """A disk with the files of ../shared/guests, if there are any, the
        firmware, the test kernels for HVM guests, if they were built, and
        guest_files."""
        path = os.path.join(self.run_dir, "guests.img")
        files = os.path.join(self.run_dir, "guests")
        for old in (path, files):
            if os.path.isdir(old):
                shutil.rmtree(old)
            elif os.path.exists(old):
                os.unlink(old)
        os.mkdir(files)
        self.grub_disk(os.path.join(files, "grub.img"))
        kernels = os.path.join(BUILD, "guest", "hvm")
        if os.path.isdir(GUESTS):
            shutil.copytree(GUESTS, files, dirs_exist_ok=True)
        if os.path.isdir(kernels):
            shutil.copytree(kernels, os.path.join(files, "kernels"))
        if not os.path.exists(SEABIOS):
            raise Failure(f"there is no {SEABIOS}: make firmware")
        shutil.copy(SEABIOS, files)
        for name, source in self.guest_files.items():
            os.makedirs(os.path.dirname(os.path.join(files, name)),
                        exist_ok=True)
            shutil.copy(source, os.path.join(files, name))
        subprocess.run(in_bench(
            "mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-L",
            "lodge-guests", "-d", files, path, "64M"),
            check=True, stdout=subprocess.DEVNULL)
        return path

    def demo_guest(self):
        """The one that make run starts."""
        if not self.intel:
            return "debian"
        freedos = os.path.join(GUESTS, "freedos-1.4-boot.img")
        return "freedos" if os.path.exists(freedos) else "grub"

    def boot_arguments(self):
        if self.boot == "quick":
            return ["-kernel", self.hypervisor_file(), "-append", self.options,
                    "-initrd", f"{self.dom0}/vmlinux {self.dom0_args},"
                    f"{self.dom0}/initrd.img"]
        arguments = ["-cdrom", self.iso()]
        if self.boot == "uefi":
            arguments += ["-drive", "if=pflash,format=raw,readonly=on,"
                          "file=/usr/share/OVMF/OVMF_CODE_4M.fd",
                          "-drive", "if=pflash,format=raw,snapshot=on,"
                          "file=/usr/share/OVMF/OVMF_VARS_4M.fd"]
        elif self.boot != "bios":
            raise Failure(f"BOOT={self.boot} is none of bios, uefi, quick")
        return arguments

    def disk(self, name, path):
        """One disk whose changes are thrown away at the end."""
        kind = env("DISK", "nvme")
        devices = {"nvme": "nvme", "ahci": "ide-hd,bus=ide.%d",
                   "virtio": "virtio-blk-pci"}
        if kind not in devices:
            raise Failure(f"DISK={kind} is none of {', '.join(devices)}")
        device = devices[kind]
        if kind == "ahci":      # one disk a port; the boot CD is on port 2
            device %= next(self.ahci_ports)
        return ["-drive", f"if=none,id={name},file={path},format=raw,"
                "snapshot=on", "-device",
                f"{device},drive={name},serial=lodge-{name}"]

    def emulator(self, vnc_port, qmp_fd):
        """The command line of the outer machine.  Serial port on stdio."""
        return self.bochs() if self.intel else self.qemu(vnc_port, qmp_fd)

    def bochs(self):
        """No network card: Linux without a PIC, as a PVH domain is, refuses
        the IRQs below 16 that PCI devices have there."""
        return in_bench(
            os.path.join(BENCH, "bochs.py"), "--stdio", "--model", self.cpu,
            "--cpus", self.smp, "--ram", self.mem, "--ips", BOCHS_MIPS,
            "--disk", f"{self.dom0}/disk.img", "--disk", self.guests_disk(),
            os.path.join(self.run_dir, "machine"), self.hypervisor_file(),
            self.options, f"{self.dom0}/vmlinux {self.dom0_args}",
            f"{self.dom0}/initrd-ide.img")

    def qemu(self, vnc_port, qmp_fd):
        argv = in_bench(
            "qemu-system-x86_64", "-name", "lodge-bench",
            # CPUs that take turns: with a thread each, QEMU 10 changes a CPU's
            # word of pending interrupts without a lock at VMRUN and #VMEXIT,
            # and guests (Xen's too) now and then lose an interrupt or fault.
            "-accel", env("ACCEL", "tcg,thread=single"), "-machine", "q35",
            "-cpu", self.cpu, "-smp", self.smp, "-m", self.mem,
            "-nodefaults", "-no-reboot",
            "-display", "none", "-vga", "none",
            "-chardev", "stdio,id=com1,signal=off", "-serial", "chardev:com1",
            "-chardev", f"socket,id=qmp,fd={qmp_fd}",
            "-mon", "chardev=qmp,mode=control")
        argv += self.boot_arguments()
        argv += self.disk("dom0", f"{self.dom0}/disk.img")
        argv += self.disk("guest1", self.guest)
        argv += self.disk("guest2", self.guest)
        argv += self.disk("guests", self.guests_disk())
        forwards = "".join(
            f",hostfwd=tcp:127.0.0.1:{vnc_port + i}-10.0.2.9:{5901 + i}"
            for i in range(4))
        argv += ["-netdev", f"user,id=net0,dhcpstart=10.0.2.20{forwards}",
                 "-device", f"{env('NIC', 'e1000e')},netdev=net0"]
        return argv + env("QEMU_EXTRA", "").split()


def main_guard(main):
    """Runs main; a Failure or Ctrl-C becomes one sentence and status 1."""
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"failed: {failure}")
    except KeyboardInterrupt:
        sys.exit("stopped by the user")
