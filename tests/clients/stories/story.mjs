// What each TypeScript client does with the server; it prints what it met as one JSON object (as story.py).

function one(pattern, text) {
  const found = pattern.exec(text);
  if (!found) throw new Error(`${pattern} is not in: ${text.slice(0, 500)}`);
  return found[found.length - 1];
}

function said(result) {
  return {
    text: result.content.map((part) => part.text).join("\n"),
    structure: result.structuredContent,
    isError: Boolean(result.isError),
  };
}

export async function tell(client) {
  const call = async (name, given) => said(await client.callTool({ name, arguments: given }));
  const { tools } = await client.listTools();
  const flows = await call("list_flows", { limit: 2, cursor: null, state: "enabled" });
  const flow = one(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/, flows.text);
  const unknown = await call("get_flow", { flow: "00000000-0000-4000-8000-00000000dead" });
  const preview = await call("run_flow_action", { flow, action: "disable" });
  const given = one(/confirmation_id["':=\s]+([A-Za-z0-9_-]{20,})/, preview.text);
  const before = await call("get_flow", { flow });
  const confirmed = await call("confirm_change", { confirmation_id: given });
  const after = await call("get_flow", { flow });
  await client.close();
  console.log(
    JSON.stringify({
      tools: tools.map((tool) => tool.name),
      flows: flows.structure,
      flows_text: flows.text,
      unknown: unknown.text,
      unknown_is_error: unknown.isError,
      preview: preview.text,
      before: before.text,
      confirmed: confirmed.text,
      after: after.text,
    }),
  );
}
