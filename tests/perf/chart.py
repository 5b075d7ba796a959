# SPDX-License-Identifier: GPL-2.0-only
"""The bar chart of bench.json, by gnuplot in the bench chroot: a bar is what
Lodge takes in per cent of what Xen takes, a mark is the goal."""
import subprocess

from setup import in_bench

ROW = 18        # pixels
SCRIPT = """\
set terminal {terminal}
set output '{path}'
set title 'Lodge, in per cent of what Xen 4.20 takes (marks: goals)'
set xrange [0:{most}]
set yrange [{rows}:-1]
set xtics 10 mirror
set grid xtics
set lmargin {margin}
set ytics ({names}) font ',9'
set style fill solid 0.8 noborder
unset key
set arrow from 100,-1 to 100,{rows} nohead lc rgb '#888888'
plot $bars using ($2/2):1:($2/2):(0.38) with boxxyerrorbars lc rgb '#2a6f97', \\
     $bars using 2:1:3 with labels left offset 0.5,0 font ',8', \\
     $goals using 2:1 with points pt 7 ps 0.6 lc rgb '#c1121f'
"""
MOST = 125      # per cent; longer bars end there, with their number


def draw(entries, path):
    """Writes path.png and path.svg; nothing if there is nothing to compare."""
    entries = [e for e in entries if e["ratio"] is not None]
    if not entries:
        return
    bars = [f"{i} {min(100 * e['ratio'], MOST - 8):.2f} "
            f"{100 * e['ratio']:.1f}" for i, e in enumerate(entries)]
    goals = [f"{i} {100 * e['goal']:.2f}" for i, e in enumerate(entries)
             if e["goal"] is not None]
    data = "".join(f"${name} << END\n" + "\n".join(lines) + "\nEND\n"
                   for name, lines in (("bars", bars), ("goals", goals)))
    names = ", ".join('"%s" %d' % (e["name"], i)
                      for i, e in enumerate(entries))
    size = f"1000,{80 + ROW * len(entries)}"
    for kind, terminal in (("png", f"pngcairo size {size} font 'DejaVu Sans'"),
                           ("svg", f"svg size {size} font 'DejaVu Sans'")):
        subprocess.run(
            in_bench("gnuplot"), check=True, text=True,
            input=data + SCRIPT.format(
                terminal=terminal, path=f"{path}.{kind}", names=names,
                rows=len(entries), most=MOST, margin=40))
