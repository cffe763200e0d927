// The story through the TypeScript client of the protocol's second SDK.
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { tell } from "./story.mjs";

const [command, ...args] = process.argv.slice(2);
const client = new Client({ name: "story", version: "1" });
await client.connect(new StdioClientTransport({ command, args }));
await tell(client);
