"""What holds for every app: axe-core finds nothing, hostile names are text, keys reach everything, any size fits."""

from __future__ import annotations

import random
from pathlib import Path
from xml.etree import ElementTree

import anyio
import pytest

from apps.axe import is_accessible, needs_axe
from apps.samples import kept
from apps.stage import shown, staged
from support.chromium import ENTER, TAB, Chromium, needs_chromium
from support.chromium import chromium as chromium
from support.chromium import driver as driver

pytestmark = needs_chromium
APPS = ("health", "lineage", "timeline", "plan")
MORE = "return [...document.querySelectorAll('button')].find((one) => one.textContent.startsWith('Show '))"
READY = "return document.querySelectorAll('[aria-busy=\"true\"]').length === 0"
OPEN_ALL = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
_SIGNS = (
    "<",
    ">",
    "&",
    '"',
    "'",
    "`",
    "${",
    "}}",
    "\u202e",
    "\u2066",
    "\u200f",
    "\u0000",
    "\ufeff",
    "\n",
    "é",
    "日本",
    "🦑",
)
_HOSTILE = (
    "<img src=x onerror=window.ran=1>",
    "</script><script>window.ran=1</script>",
    "<svg onload=window.ran=1>",
    '"><iframe src=javascript:window.ran=1>',
    "<a href='javascript:window.ran=1'>x</a>",
    "<style>*{display:none}</style>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<base href=//evil.example>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "javascript:window.ran=1",
    "{{constructor.constructor('window.ran=1')()}}",
    "\u202egnp.exe\u202c",
    "\u2066left\u2069 right",
    "<!--",
    "]]><x>",
    "&lt;b&gt;",
    "x" * 10_000,
    "<b>" * 3_000,
)


def hostile(number: int, *, seed: int = 7) -> list[str]:
    """Names that try to be more than text."""
    draw = random.Random(seed)
    made = list(_HOSTILE)
    while len(made) < number:
        parts = [draw.choice((*_SIGNS, *_HOSTILE[:16])) for _ in range(draw.randint(1, 6))]
        made.append(f"{len(made)} {''.join(parts)}")
    return made


@needs_axe
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("app", APPS)
async def test_axe_finds_nothing(chromium: Chromium, app: str, theme: str) -> None:
    tool, answers = kept(app, flows=12)
    await chromium.cdp(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}]
    )
    async with staged(app, tool, kept=answers) as stage:
        await shown(chromium, stage)
        await chromium.holds(READY)
        await chromium.script(OPEN_ALL)
        await is_accessible(chromium)
        # With what opens on a click, and as narrow as a phone.
        opener = {"health": "td.k-F", "lineage": "[data-node=n2]", "timeline": "[data-run=run-0]"}.get(app)
        if opener:
            await chromium.script(
                f"document.querySelector('{opener}').dispatchEvent(new MouseEvent('click', {{bubbles: true}}))"
            )
            await chromium.holds(
                "return document.querySelector('section.panel:not([hidden]) button') !== null"
            )
        await chromium.frame(None)
        await is_accessible(chromium, "the page around it")
        await chromium.size(320)
        await chromium.frame()
        await is_accessible(chromium)
        assert await chromium.script("return document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("app", APPS)
async def test_hostile_names_are_text(chromium: Chromium, app: str) -> None:
    names = hostile(200)
    tool, answers = kept(app, flows=100 if app == "lineage" else 200, names=names)
    async with staged(app, "list_runs" if app == "timeline" else tool, kept=answers) as stage:
        await shown(chromium, stage)
        while await chromium.script(MORE):
            await chromium.script(f"({MORE.removeprefix('return ')}).click()")
        await chromium.script(OPEN_ALL)
        foreign = "img, iframe, base, object, embed, a[href], link, main style, main script, svg script"
        assert await chromium.script(f"return document.querySelectorAll('{foreign}').length") == 0
        assert await chromium.script("return window.ran === undefined && document.scripts.length === 1")
        text = await chromium.script("return document.body.textContent")
        # Long ones are cut where they are shown.
        assert [name for name in names if name[:90] not in text] == []
        assert await chromium.said() == [], "a policy was broken"
        assert await chromium.hosts() <= {f"http://{stage.host}"}


async def pressed_until(chromium: Chromium, code: str) -> None:
    """The key Tab, until what has the focus is what is wanted."""
    for _ in range(60):
        await chromium.press(TAB)
        if await chromium.script(f"const a = document.activeElement; return {code}"):
            return
    pytest.fail(f"never reached by Tab: {code}")


async def test_lineage_by_keys(chromium: Chromium) -> None:
    tool, answers = kept("lineage", flows=2)
    async with staged("lineage", tool, kept=answers) as stage:
        await shown(chromium, stage)
        await chromium.script("document.querySelector('button').focus()")
        await pressed_until(chromium, "a.matches('input[type=search]')")
        await chromium.press(*"Flow 1")
        assert await chromium.script("return document.querySelector('.found').dataset.node") == "n4"
        for label in ("Smaller", "Larger"):
            await pressed_until(chromium, f"a.getAttribute('aria-label') === '{label}'")
            before = await chromium.script(
                "return document.querySelector('svg.graph').getAttribute('viewBox')"
            )
            await chromium.press(ENTER)
            assert (
                await chromium.script("return document.querySelector('svg.graph').getAttribute('viewBox')")
                != before
            )
        await pressed_until(chromium, "a.dataset.node === 'n1'")
        await chromium.press("\ue014", ENTER)  # to the right, along the data
        await chromium.holds("return document.body.innerText.includes('fed by')")
        await pressed_until(chromium, "a.textContent === 'Trace from here'")
        await chromium.press(ENTER)
        await chromium.holds("return document.querySelectorAll('section.panel:not([hidden])').length === 1")
        assert stage.calls[-1] == ("trace_lineage", {"object": "flow-0", "object_kind": "flow"})


async def test_lineage_without_marks_says_that_what_is_unmarked_may_break(chromium: Chromium) -> None:
    """A host that passes on no `_meta`: then only the lists say what breaks, and those are cut."""
    tool, answers = kept("lineage", flows=3)
    note = "return document.body.innerText.includes('may break all the same')"
    for cut in (False, True):
        structure = answers[tool]["structuredContent"]
        if cut:
            structure |= {"breaks": structure["breaks"][:1], "cursors": {"breaks": "breaks:1"}}
        async with staged("lineage", tool, kept=answers) as stage:
            await shown(chromium, stage)
            assert await chromium.script(note) is cut
    answers[tool]["_meta"] = {"aep-flow-mcp/lineage": {"effects": {"n2": "breaks", "n4": "breaks"}}}
    async with staged("lineage", tool, kept=answers) as stage:
        await shown(chromium, stage)
        assert await chromium.script(note) is False
        assert await chromium.script("return document.querySelectorAll('.is-breaks').length") == 2


async def test_lineage_is_saved_as_a_picture(chromium: Chromium, tmp_path: Path) -> None:
    tool, answers = kept("lineage", flows=3, names=hostile(7))
    async with staged("lineage", tool, kept=answers) as stage:
        await shown(chromium, stage)
        await chromium.frame(None)
        await chromium.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
        await chromium.frame()
        for label in ("Save as SVG", "Save as PNG"):
            find = "return [...document.querySelectorAll('button')].find((one) => one.textContent === '{}').click()"
            await chromium.script(find.format(label))
        svg, png = anyio.Path(tmp_path / "lineage.svg"), anyio.Path(tmp_path / "lineage.png")
        for _ in range(200):
            if await svg.exists() and await png.exists():
                break
            await anyio.sleep(0.05)
        tree = ElementTree.fromstring(await svg.read_text("utf-8"))
        kinds = {one.tag.rpartition("}")[2] for one in tree.iter()}
        assert kinds == {"svg", "defs", "marker", "clipPath", "path", "rect", "g", "text"}
        assert (await png.read_bytes()).startswith(b"\x89PNG\r\n")
        assert await chromium.said() == []


async def test_the_timeline_marks_the_outage_and_is_walked_by_keys(chromium: Chromium) -> None:
    tool, answers = kept("timeline", flows=20)
    async with staged("timeline", tool, {"flow": "Orders", "sandbox": "dev"}, kept=answers) as stage:
        await shown(chromium, stage)
        await chromium.holds("return document.querySelector('svg.bars') !== null")
        assert stage.calls[-1] == ("list_runs", {"sandbox": "dev", "flow": "flow-1", "limit": 60})
        box = "document.querySelector('rect.outage').getBoundingClientRect()"
        bar = "document.querySelector('[data-run=\"run-{}\"] rect').getBoundingClientRect()"
        assert await chromium.script(
            f"return {box}.left <= {bar.format(4)}.left && {box}.right >= {bar.format(0)}.right"
        )
        assert await chromium.script(f"return {box}.left > {bar.format(5)}.left")
        await chromium.script(
            "document.querySelector('main').querySelector('[data-run][tabindex=\"0\"]').focus()"
        )
        await chromium.press("\ue012", ENTER)  # to the left
        await chromium.holds("return document.body.innerText.includes('Errors of the run')")
        assert stage.calls[-1] == ("get_run", {"sandbox": "dev", "run_id": "run-1"})


async def test_the_card_shows_before_and_after_and_has_no_button(chromium: Chromium) -> None:
    tool, answers = kept("plan")
    async with staged("plan", tool, kept=answers) as stage:
        await shown(chromium, stage)
        text = await chromium.script("return document.body.innerText")
        assert "Orders (new)" in text
        assert "no proof of a person" in text
        assert "${AEP_SECRET_KEY}" in text
        assert await chromium.script("return document.querySelectorAll('button, input, form').length") == 0
        assert [name for name, _ in stage.calls] == ["update_flow"]
