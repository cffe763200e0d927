"""What of a page can be clicked, and whether keys reach all of it and do what a click does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from support.chromium import ENTER, TAB, Chromium, window

UP, DOWN, RIGHT, HOME = "\ue013", "\ue015", "\ue014", "\ue011"
SPACE = " "
ACTS = (ENTER, SPACE)
_STOPS = 100
"""More than any page here has."""

# Runs before anything of a page does: who listens to the mouse, what has had the focus, whether something happened.
_WATCH = """
(() => {
  const add = EventTarget.prototype.addEventListener;
  const heard = new Map(), reached = new Set();
  let acted = 0;
  EventTarget.prototype.addEventListener = function (kind, ...rest) {
    if (this instanceof Element) heard.set(this, (heard.get(this) ?? new Set()).add(kind));
    return add.call(this, kind, ...rest);
  };
  add.call(window, 'focusin', (event) => reached.add(event.target), true);
  for (const kind of ['toggle', 'submit']) add.call(window, kind, () => { acted++; }, true);
  add.call(window, 'click', (event) => {
    if (event.composedPath().some((one) => heard.get(one)?.has('click'))) acted++;
  }, true);
  const start = () => new MutationObserver((records) => {
    acted += records.filter((one) => one.attributeName !== 'tabindex').length;
  }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  if (document.documentElement) start(); else add.call(document, 'readystatechange', start, { once: true });

  const MOUSE = ['click', 'mousedown', 'mouseup', 'pointerdown', 'pointerup', 'dblclick'];
  const OWN = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex], [role=button], '
    + '[role=gridcell]';
  const points = (one) => getComputedStyle(one).cursor === 'pointer';
  const isSeen = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.disabled;
  // The library of the charts swallows clicks that end a drag, which is off.
  const isChart = (one) => one.matches('.u-wrap');
  // A place that the focus is sent to, and nothing to use.
  const isPlace = (one) => one.matches('section[tabindex="-1"], main[tabindex="-1"]') && !heard.has(one);
  function controls() {
    const all = [...document.body.querySelectorAll('*')].filter(isSeen);
    const pointed = all.filter((one) => points(one) && !points(one.parentElement));
    const found = new Set([...all.filter((one) => one.matches(OWN) && !isPlace(one)), ...pointed]);
    for (const [one, kinds] of heard) {
      if (!one.isConnected || !isSeen(one) || isChart(one) || !MOUSE.some((kind) => kinds.has(kind))) continue;
      // One that listens for its parts listens to their keys as well.
      const forParts = kinds.has('keydown') && [...found].some((part) => part !== one && one.contains(part));
      if (!forParts) found.add(one);
    }
    return [...found];
  }
  const words = (one) => (one.getAttribute('aria-label') ?? one.placeholder ?? one.textContent ?? '').slice(0, 60);
  const named = (one) => `${one.tagName.toLowerCase()}.${[...one.classList].join('.')} ${words(one)}`;
  const kindOf = (one) => one.closest('table.cells, svg') && !one.matches('svg')
    ? `${one.tagName.toLowerCase()}.${[...one.classList].sort().join('.')}` : named(one).replace(/\\d+/g, '0');
  const doesNothing = (one) => one.matches('pre, section, div.scroll, [role=region]');
  window.keyboard = {
    missed: () => controls().filter((one) => !reached.has(one)).map(named),
    count: () => controls().length,
    size: () => { const rows = document.activeElement.closest('[role=grid]')?.tBodies[0].rows;
      return rows ? [rows.length, rows[0].cells.length] : [1, document.querySelectorAll('svg [tabindex]').length]; },
    among: () => document.activeElement.closest('[role=grid], svg') !== null,
    inside: () => document.hasFocus() && document.activeElement !== document.body,
    kinds: () => [...new Set(controls().filter((one) => !doesNothing(one)).map(kindOf))],
    types: (kind) => controls().find((one) => kindOf(one) === kind)?.matches('input, textarea') ?? false,
    focus: (kind) => { const one = controls().find((each) => kindOf(each) === kind); one?.focus(); acted = 0;
      return document.activeElement === one; },
    acted: () => acted,
  };
})();
"""


@pytest.fixture
async def watched(driver: str, tmp_path: Path) -> AsyncIterator[Chromium]:
    """A window that watches every page, in frames as well: those share its process for that."""
    async with window(
        driver, tmp_path / "profile", more=("--disable-features=IsolateSandboxedIframes",)
    ) as opened:
        await opened.cdp("Page.enable")
        await opened.cdp("Page.addScriptToEvaluateOnNewDocument", source=_WATCH)
        yield opened


async def reaches_all(chromium: Chromium, where: str) -> None:
    """From where the focus is, Tab goes through the document, and arrows through what is one stop for Tab; fail with
    what can be used by a mouse and never has the focus."""
    await chromium.press(TAB)
    for _ in range(_STOPS):
        if not await chromium.script("return keyboard.inside()"):
            break
        if await chromium.script("return keyboard.among()"):
            await _walked(chromium)
        await chromium.press(TAB)
    assert await chromium.script("return keyboard.count()"), f"{where}: nothing is there to use"
    if missed := await chromium.script("return keyboard.missed()"):
        pytest.fail(f"{where}: not reached by keys: {missed}")


async def _walked(chromium: Chromium) -> None:
    """All of a grid, a graph or a row, by arrows; the focus stays in it."""
    rows, columns = await chromium.script("return keyboard.size()")
    most = max(rows, columns)
    await chromium.press(HOME, *[UP] * most, *[DOWN] * most, *[UP] * most)
    for _ in range(rows):
        await chromium.press(HOME, *[RIGHT] * columns, HOME, DOWN)


async def from_the_top(chromium: Chromium) -> None:
    """The focus is before all of the document, wherever the page has put it."""
    await chromium.script(
        "document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')"
    )


async def kinds_of(chromium: Chromium) -> list[str]:
    """What can be used, each kind once: all cells of one look are one, all bars of one."""
    kinds: list[str] = await chromium.script("return keyboard.kinds()")
    return kinds


async def acts(chromium: Chromium, kind: str, key: str) -> None:
    """The first of a kind does something on a key (a field: when something is typed)."""
    assert await chromium.script(f"return keyboard.focus({kind!r})"), f"{kind} takes no focus"
    types = await chromium.script(f"return keyboard.types({kind!r})")
    await chromium.press("o" if types else key)
    for _ in range(60):
        if types:
            if await chromium.script("return document.activeElement.value.endsWith('o')"):
                return
        elif await chromium.script("return window.keyboard === undefined || keyboard.acted() > 0"):
            return
        await anyio.sleep(0.05)
    pytest.fail(f"{kind}: the key {'Enter' if key == ENTER else 'Space'} does nothing")
