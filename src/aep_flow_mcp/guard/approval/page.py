"""The approval page: one small document, no script, nothing from elsewhere. Pure."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from html import escape

from aep_flow_mcp.guard.changes.naming import LISTED
from aep_flow_mcp.guard.changes.preview import Preview, StepPreview

STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere;max-width:52rem;margin:0 auto;padding:1.5rem}
h1{font-size:1.35rem;margin:0 0 .25rem}
p.where{margin:0 0 1rem}
p.where strong{border:2px solid;border-radius:.3rem;padding:.05rem .4rem}
ol{padding-left:1.4rem}li{margin:.75rem 0}
code,pre{font:14px/1.45 ui-monospace,monospace;overflow-wrap:anywhere;white-space:pre-wrap;margin:.25rem 0}
table{border-collapse:collapse;table-layout:fixed;width:100%;margin:.5rem 0;font-size:.9rem}
caption{text-align:left;font-weight:600;padding:.25rem 0}
tr{border-bottom:1px solid color-mix(in srgb,currentColor 30%,transparent)}
th,td{text-align:left;vertical-align:top;padding:.2rem .6rem .2rem 0}
th:nth-child(2){width:40%}
@media(max-width:40rem){
thead{display:none}
table,caption,tbody,tr,td{display:block;padding:0}
tr{padding:.3rem 0}
td:first-child{font-weight:600}
td:not(:first-child){padding-left:1rem}
td:empty{display:none}
}
summary{cursor:pointer}
.production{background:#991b1b;color:#fff;font-weight:700;padding:.6rem 1rem;border-radius:.3rem}
label{flex-basis:100%}
input[type=text]{font:inherit;padding:.3rem .5rem}
ul.notes{border:2px solid #b45309;border-radius:.3rem;padding:.5rem .5rem .5rem 1.75rem}
form{display:flex;gap:1rem;margin:1.5rem 0;flex-wrap:wrap}
button{font:inherit;font-weight:600;padding:.6rem 1.4rem;border-radius:.4rem;border:2px solid;cursor:pointer}
button.yes{background:#166534;color:#fff;border-color:#166534}
button.no{background:transparent;color:inherit}
button.leave{font-size:.85rem;font-weight:400;padding:.3rem .8rem;border-width:1px;background:transparent;color:inherit}
button:focus-visible{outline:3px solid #2563eb;outline-offset:3px}
footer{font-size:.85rem}
""".strip()


ONCE = (
    "This page works once, for ten minutes. If a button leads nowhere, the program that asked has ended, and nothing "
    "was sent."
)


def approval_page(
    preview: Preview,
    *,
    action: str,
    token: str,
    nonce: str,
    asked: str = "",
    works: str = ONCE,
    leave: str = "",
) -> str:
    """The page with the preview and the two buttons. `token` travels in the form, `nonce` allows the style.

    asked: who asked for it, and who decides. works: how long the page does, and for what. leave: a form that signs out.
    """
    steps = "".join(_step(step) for step in preview.steps)
    notes = "".join(f"<li>{escape(note)}</li>" for note in preview.notes)
    summary = f"<p>{escape(preview.summary)}</p>" if preview.summary else ""
    warned = f'<h2>Before you decide</h2><ul class="notes">{notes}</ul>' if notes else ""
    banner = confirmation = ""
    if preview.production:
        name = escape(preview.sandbox)
        banner = f'<p class="production" role="alert">PRODUCTION: sandbox {name}</p>'
        confirmation = (
            f"<label>To approve, type the name of the sandbox, <strong>{name}</strong>: "
            '<input type="text" name="sandbox" required spellcheck="false"></label>'
        )
    at = f"<br>{escape(preview.at)}" if preview.at else ""
    asked = f"<p>{escape(asked)}</p>" if asked else ""
    body = f"""<main>
{banner}<h1>{escape(preview.title)}</h1>
<p class="where">in sandbox <strong>{escape(preview.sandbox)}</strong> (type {escape(preview.sandbox_type)}){at}</p>
{asked}{summary}{warned}{_all_dependents(preview.dependents)}
<h2>What will be sent</h2>
<ol>{steps}</ol>
<form method="post" action="{escape(action, quote=True)}" autocomplete="off">
<input type="hidden" name="token" value="{escape(token, quote=True)}">
{confirmation}
<button class="no" type="submit" name="decision" value="decline" formnovalidate autofocus>Decline</button>
<button class="yes" type="submit" name="decision" value="approve">Approve</button>
</form>
{leave}<footer>Nothing is sent unless you approve. {escape(works)}
Change {escape(preview.digest[:16])}</footer>
</main>"""
    return _document("Approve a change?", body, nonce)


def security_headers(nonce: str) -> dict[str, str]:
    """What a browser has to be told about a page: nothing from elsewhere, in no frame, kept nowhere."""
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'nonce-{nonce}'; img-src data:; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'"
        ),
        # Not no-referrer: a browser would then send "Origin: null" with the form.
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }


def new_nonce() -> str:
    """Allows the style of one page."""
    return secrets.token_urlsafe(16)


def leaving(action: str, token: str) -> str:
    """A form that signs out, with its one button."""
    return (
        f'<form method="post" action="{escape(action, quote=True)}">'
        f'<input type="hidden" name="token" value="{escape(token, quote=True)}">'
        '<button class="leave" type="submit">Sign in as somebody else</button></form>\n'
    )


def message_page(title: str, sentence: str, *, nonce: str, leave: str = "") -> str:
    """A page that only says something. leave: a form that signs out."""
    return _document(title, f"<main><h1>{escape(title)}</h1><p>{escape(sentence)}</p>{leave}</main>", nonce)


def _step(step: StepPreview) -> str:
    version = f" (only version <code>{escape(step.if_match)}</code>)" if step.if_match else ""
    parts = [
        f"<li><p>{escape(step.label)}{version}</p><code>{escape(step.method)} {escape(step.path)}</code>"
    ]
    if step.changes:
        parts.append(f"<pre>{escape(chr(10).join(step.changes))}</pre>")
        parts += [f"<p>{escape(line)}</p>" for line in (*step.names, *step.times)]
    if step.fields:
        fields = ((field.name, field.value, field.note) for field in step.fields)
        parts.append(_table("What it holds", ("field", "value", "that is"), fields))
    if step.rows:
        rows = ((row.source, row.target, " ".join((row.kind, row.more)).strip()) for row in step.rows)
        parts.append(_table(f"Mapping, {len(step.rows)} rows", ("source", "target", "kind"), rows))
    if step.body is not None:
        parts.append(
            f"<details><summary>What is sent, as JSON</summary><pre>{escape(step.body)}</pre></details>"
        )
    return "".join(parts) + "</li>"


def _table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>" for cells in rows)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _all_dependents(lines: Sequence[str]) -> str:
    if len(lines) <= LISTED:
        return ""
    listed = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<details><summary>All {len(lines)} that use it</summary><ul>{listed}</ul></details>"


def _document(title: str, body: str, nonce: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="icon" href="data:,">'
        f'<style nonce="{escape(nonce, quote=True)}">{STYLE}</style></head><body>{body}</body></html>'
    )
