// Builds each view into one HTML file without anything from elsewhere, and says in it what may run: that and no more.
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";

const HERE = dirname(fileURLToPath(import.meta.url));
const OUT = process.argv[2] ?? join(HERE, "..", "src", "aep_flow_mcp", "apps", "built");
const VIEWS = ["health", "lineage", "timeline", "plan", "host"];
// What ends up in the views, by its package: its licence goes with it.
const BUNDLED = ["@dagrejs/dagre", "@dagrejs/graphlib", "@modelcontextprotocol/client", "@modelcontextprotocol/core", "@modelcontextprotocol/ext-apps", "uplot", "zod"];
const PLACE = "<!-- policy -->";

function hashes(html, tag) {
  const found = [...html.matchAll(new RegExp(`<${tag}(?: [^>]*)?>([\\s\\S]*?)</${tag}>`, "g"))];
  return found.map((one) => `'sha256-${createHash("sha256").update(one[1]).digest("base64")}'`);
}

function policy(html, view) {
  const rules = [
    "default-src 'none'",
    `script-src ${hashes(html, "script").join(" ")}`,
    `style-src ${hashes(html, "style").join(" ")}`,
    "img-src data: blob:",
    "base-uri 'none'",
    "form-action 'none'",
    // The page of the command board asks its own server, and shows the views in frames.
    ...(view === "host" ? ["connect-src 'self'", "frame-src 'self'"] : []),
  ];
  return `<meta http-equiv="Content-Security-Policy" content="${rules.join("; ")}">`;
}

await mkdir(OUT, { recursive: true });
for (const view of VIEWS) {
  const scratch = join(HERE, "node_modules", ".built", view);
  await build({
    root: join(HERE, "src", view),
    configFile: false,
    logLevel: "warn",
    plugins: [viteSingleFile({ removeViteModuleLoader: true })],
    build: { outDir: scratch, emptyOutDir: true, target: "es2022", modulePreload: false, reportCompressedSize: false },
  });
  const html = (await readFile(join(scratch, "index.html"), "utf8")).replaceAll("\r\n", "\n").trimEnd() + "\n";
  if (!html.includes(PLACE)) throw new Error(`${view}: no place for the policy`);
  await writeFile(join(OUT, `${view}.html`), html.replace(PLACE, () => policy(html, view)));
}
let licences = "The views hold code of these packages.\n";
for (const name of BUNDLED) {
  const folder = join(HERE, "node_modules", name);
  const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const text = (await readFile(join(folder, "LICENSE"), "utf8")).replaceAll("\r\n", "\n").trim();
  licences += `\n${"-".repeat(80)}\n${name} ${version} (${license})\n\n${text}\n`;
}
await writeFile(join(OUT, "licences.txt"), licences);
await rm(join(HERE, "node_modules", ".built"), { recursive: true, force: true });
