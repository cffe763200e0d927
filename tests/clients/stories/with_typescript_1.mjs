// The story through the TypeScript client of the protocol's first SDK.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { tell } from "./story.mjs";

const [command, ...args] = process.argv.slice(2);
const client = new Client({ name: "story", version: "1" });
await client.connect(new StdioClientTransport({ command, args }));
await tell(client);
