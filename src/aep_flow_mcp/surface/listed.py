"""A tool as the server lists it: from its card, built from its module on the first call."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, ImageContent, InputRequiredResult, TextContent, ToolAnnotations
from pydantic import BaseModel, PrivateAttr, ValidationError

from aep_flow_mcp.app import App
from aep_flow_mcp.observing import NOBODY, Call, Observer
from aep_flow_mcp.platform.redaction.values import Redactor
from aep_flow_mcp.settings import Dialect
from aep_flow_mcp.surface.arguments import broken_text, fitted, renamed
from aep_flow_mcp.surface.selection import quoted
from aep_flow_mcp.surface.showing import shows_apps
from aep_flow_mcp.surface.snapshot import PACKAGE, Card, definition_of

if TYPE_CHECKING:
    from aep_flow_mcp.answers.pieces import Place


class ListedTool(Tool):
    """A tool that is listed from its card and built from its module on the first call."""

    _card: Card = PrivateAttr()
    _built: Tool | None = PrivateAttr(default=None)
    _takes: dict[str, Any] = PrivateAttr(default_factory=dict)
    """The input schema itself; `parameters` is the same in the dialect that is listed."""
    _dialect: Dialect = PrivateAttr(default=Dialect.STANDARD)
    _sandboxes: tuple[str, ...] = PrivateAttr(default=())
    _profiles: Mapping[str, App] = PrivateAttr(default_factory=dict)
    _refusal: str | None = PrivateAttr(default=None)
    _reveals: bool = PrivateAttr(default=False)
    _redactor: Redactor = PrivateAttr(default_factory=Redactor)
    _observer: Observer = PrivateAttr(default=NOBODY)

    @classmethod
    def from_card(
        cls,
        card: Card,
        *,
        sandboxes: tuple[str, ...] = (),
        profiles: Mapping[str, App] | None = None,
        refusal: str | None = None,
        reveals: bool = False,
        redactor: Redactor | None = None,
        dialect: Dialect = Dialect.STANDARD,
        observer: Observer = NOBODY,
    ) -> ListedTool:
        """sandboxes: with more than one, the tool takes a `sandbox`. profiles: with more than one it takes a
        `profile`, and its sandboxes are those of the profile. refusal: why a call is refused.

        reveals: secrets are shown after approval instead of masked. redactor: what the server knows is
        taken out of every answer by it. dialect: what the input schema is written in. observer: told of each call.
        """
        takes = _with_places(card["input"], sandboxes, profiles or {})
        tool = cls(
            fn=never_called,
            name=card["name"],
            title=card["title"],
            description=card["description"],
            parameters=in_dialect(takes, dialect),
            fn_metadata=FuncMetadata(arg_model=ArgModelBase),
            is_async=True,
            context_kwarg=None,
            annotations=ToolAnnotations.model_validate(card["hints"]),
        )
        tool._card, tool._takes, tool._dialect = card, takes, dialect
        tool._sandboxes = sandboxes
        tool._profiles = profiles or {}
        tool._refusal = refusal
        tool._reveals = reveals
        tool._redactor = redactor or Redactor()
        tool._observer = observer
        return tool

    @cached_property
    def output_schema(self) -> dict[str, Any] | None:
        schema: dict[str, Any] | None = self._card["output"]
        return schema

    @property
    def module(self) -> str:
        """Where the tool is, whether that is imported or not."""
        return f"{PACKAGE}.{self._card['module']}"

    async def run(self, arguments: dict[str, Any], context: Any, convert_result: bool = False) -> Any:
        """Check the arguments, run the tool, and turn what it answers, or raises, into words without secrets."""
        from aep_flow_mcp.platform.wire.large import holding

        seen = Call(self.name, writes=self._card["writes"])
        with holding(), self._observer.call(seen):
            return await self._run(arguments, context, convert_result, seen)

    async def _run(self, arguments: dict[str, Any], context: Any, convert_result: bool, seen: Call) -> Any:
        from aep_flow_mcp.answers.text import clean
        from aep_flow_mcp.surface import failures
        from aep_flow_mcp.surface.patience import PatientContext, begun, patiently

        if self._refusal is not None:
            seen.result, seen.error = "error", failures.REFUSED
            raise ToolError(self._refusal)
        call = begun(context)
        try:
            own, sandbox, app = self._split_arguments(self._fitted(arguments))
            return await patiently(
                context,
                call,
                lambda: self._answered(own, sandbox, PatientContext.of(context, app), convert_result, seen),
            )
        except MCPError:
            seen.result, seen.error = "error", failures.PROTOCOL
            raise
        except Exception as error:  # noqa: BLE001  (a client is told of whatever it is)
            seen.result, seen.error = "error", failures.kind_of(error)
            effect = failures.SENT if call.sent else failures.NOTHING_SENT
            if not self._card["writes"]:
                effect = failures.ONLY_READS
            sentence = failures.sentence(error, self.name, effect=effect)
            failures.let_go(error)
            # Names and messages of the organisation stand in refusals too.
            raise ToolError(clean(self._redactor.text(sentence))) from None

    async def _answered(
        self, own: dict[str, Any], sandbox: str | None, context: Any, convert_result: bool, seen: Call
    ) -> Any:
        built = self._build()
        try:
            built.fn_metadata.validate_arguments(own)
        except ValidationError as error:
            raise ToolError(_argument_sentence(self.name, error)) from None
        from aep_flow_mcp.answers.pieces import Place, from_place
        from aep_flow_mcp.surface.dependencies import in_sandbox

        async def read(cursor: str | None) -> Any:
            named = own if place.cursor == cursor == own.get("cursor") else own | {"cursor": cursor}
            return await built.run(named, context, convert_result=False)

        place = Place.of(own.get("cursor"))
        with in_sandbox(sandbox):
            result, place = await from_place(place, read)
        answer = await self._leaving(result, place) if convert_result else result
        seen.result = _ended(result) if seen.writes else "ok"
        return answer

    async def _leaving(self, result: Any, place: Place) -> Any:
        """The answer; whole objects can be of any size and are worked on beside the event loop."""
        from aep_flow_mcp.answers.text import Listing, Record

        takes = self._takes["properties"]
        if isinstance(result, Record | Listing):
            import anyio.to_thread

            return await anyio.to_thread.run_sync(_answer, result, self._redactor, takes, place)
        return _answer(result, self._redactor, takes, place)

    def _build(self) -> Tool:
        if self._built is None:
            self._built = definition_of(self._card).build(reveals=self._reveals, output_schema=False)
        return self._built

    def _fitted(self, arguments: dict[str, Any]) -> dict[str, Any]:
        where = broken_text(arguments)
        if where is not None:
            raise ToolError(
                f"{self.name} was not called: {where} holds half of a character (a lone surrogate). "
                "Send the text again."
            )
        if self._dialect is not Dialect.STANDARD:
            from aep_flow_mcp.surface.dialects import understood

            arguments = understood(arguments, self._takes, self._dialect)
        return fitted(renamed(self.name, arguments, self._takes), self._takes)

    def _split_arguments(self, arguments: dict[str, Any]) -> tuple[dict[str, Any], str | None, App | None]:
        """The tool's own arguments; the sandbox, and what is shared for the profile, where they are named."""
        known: dict[str, Any] = self._takes["properties"]
        unknown = sorted(set(arguments) - set(known))
        if unknown:
            takes = ", ".join(known) or "no arguments"
            raise ToolError(f"{self.name} does not take {quoted(unknown)}. It takes: {takes}.")
        own, app = dict(arguments), None
        if self._profiles:
            app = self._profiles.get(str(own.pop("profile", None)))
            if app is None:
                raise ToolError(f"{self.name} needs a profile, one of: {', '.join(self._profiles)}.")
        if "sandbox" not in known or (not self._profiles and len(self._sandboxes) < 2):
            return own, None, app
        sandbox = own.pop("sandbox", None)
        there = app.settings.all_sandboxes if app else self._sandboxes
        if sandbox is not None and sandbox not in there:
            raise ToolError(f"sandbox takes one of: {', '.join(there)}.")
        return own, sandbox, app


def in_dialect(schema: dict[str, Any], dialect: Dialect) -> dict[str, Any]:
    """An input schema as it is listed; nothing is imported for the standard one."""
    if dialect is Dialect.STANDARD:
        return schema
    from aep_flow_mcp.surface.dialects import spoken

    return spoken(schema, dialect)


def _with_places(
    schema: dict[str, Any], sandboxes: tuple[str, ...], profiles: Mapping[str, App]
) -> dict[str, Any]:
    """The schema with the parameters that say where, as far as there is a choice.

    A profile is never guessed: a change in the wrong organisation would be a change of somebody else's.
    """
    if profiles:
        several = {name: app.settings.all_sandboxes for name, app in profiles.items()}
        which = {"type": "string", "enum": list(several)}
        more = {"profile": which}
        if any(len(names) > 1 for names in several.values()):
            every = dict.fromkeys(name for names in several.values() for name in names)
            more["sandbox"] = {"type": "string", "enum": list(every)}
        required = [*schema.get("required", []), "profile"]
        return {**schema, "properties": {**schema["properties"], **more}, "required": required}
    if len(sandboxes) < 2:
        return schema
    choice = {"type": "string", "enum": list(sandboxes), "default": sandboxes[0]}
    return {**schema, "properties": {**schema["properties"], "sandbox": choice}}


def _argument_sentence(name: str, error: ValidationError) -> str:
    """Which argument is wrong and what it takes; never the value, which may be a secret."""
    parts = []
    for item in error.errors(include_url=False, include_input=False, include_context=False):
        where = ".".join(str(part) for part in item["loc"]) or "the arguments"
        parts.append(f"{where}: {item['msg'].removeprefix('Value error, ')}")
    return f"{name} could not be called: {'; '.join(parts)}."


def _answer(
    result: Any, redactor: Redactor, takes: Collection[str], place: Place
) -> CallToolResult | InputRequiredResult:
    if isinstance(result, CallToolResult | InputRequiredResult):
        return result
    from aep_flow_mcp.answers.bounds import bounded, structured
    from aep_flow_mcp.answers.present import redacted
    from aep_flow_mcp.answers.text import render

    if not isinstance(result, BaseModel):
        raise TypeError(f"a tool answered with {type(result).__name__}, not with a model")
    # Redacted first, cut afterwards: half a secret no longer looks like one.
    shown = bounded(redacted(result), takes=takes, place=place)
    content: list[Any] = [TextContent(type="text", text=redactor.text(render(shown) or "Nothing was found."))]
    content += _pictured(result, redactor)
    return CallToolResult(
        content=content,
        structured_content=redactor.value(structured(shown)),
        is_error=getattr(result, "is_error", False) is True,
        _meta=_viewed(result, redactor),
    )


def _ended(result: Any) -> str:
    """How a call of a tool that writes ended."""
    if isinstance(result, InputRequiredResult):
        return "asked"
    return str(getattr(result, "status", "ok"))


def _viewed(result: BaseModel, redactor: Redactor) -> dict[str, Any] | None:
    """What an app shows beyond the structure, for a client that shows apps; a model does not read it."""
    view = getattr(result, "_view", None)
    if view is None or not shows_apps():
        return None
    from aep_flow_mcp.answers.text import clean

    name, made = view
    return {name: redactor.value(clean(made()))}


def _pictured(result: BaseModel, redactor: Redactor) -> list[ImageContent]:
    """The picture that was asked for, for a client that shows images."""
    made = getattr(result, "_picture", None)
    if made is None:
        return []
    from base64 import b64encode

    svg = redactor.text(made()).encode()
    return [ImageContent(type="image", data=b64encode(svg).decode(), mime_type="image/svg+xml")]


async def never_called() -> None:
    """The function of a tool that is only listed."""
    raise AssertionError(
        "what is listed is not what is run: that is built from its module, or by the server itself"
    )
