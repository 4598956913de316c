"""Makes a picture (SVG, with the fonts of whoever looks at it) of a terminal's screen: picture.py COLUMNS TITLE < SCREEN."""

import html
import io
import re
import sys

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

FONTS = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"

columns, title = sys.argv[1:]
code_format = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
code_format = code_format.replace("Fira Code, monospace", FONTS).replace("arial", "Arial, sans-serif")
code_format = re.sub(r"<!--.*?-->", f"<title>{html.escape(title)}</title>", code_format)
console = Console(record=True, width=int(columns), file=io.StringIO(), force_terminal=True, color_system="256")
for line in sys.stdin.read().removesuffix("\n").split("\n"):
    console.print(Text.from_ansi(line), no_wrap=True, crop=True, highlight=False)
sys.stdout.write(console.export_svg(title="latchkey tui", code_format=code_format, unique_id="screen"))
