// Builds the scripts, fonts and styles of the site into the folder of static files that Django serves.
//   node build.js           once, minified
//   node build.js --watch   again at each change, readable
import { build, context } from "esbuild";
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const target = path.join(here, "../src/ancrage_web/design/static/built");
const watching = process.argv.includes("--watch");
// A build that fails leaves the former files as they were.
const aside = watching ? target : `${target}-${process.pid}`;

async function listFiles(folder, ending) {
  const names = await readdir(path.join(here, folder));
  return names.filter((name) => name.endsWith(ending)).map((name) => path.join(here, folder, name));
}

async function readLicence(folder) {
  const names = (await readdir(folder)).filter((name) => /^(licen[cs]e|copying|ofl)/i.test(name)).sort();
  const texts = await Promise.all(names.map((name) => readFile(path.join(folder, name), "utf8")));
  return texts.join("\n\n").trim();
}

// Every package of which a part is served comes with its licence.
async function writeLicences(inputs) {
  const folders = new Set([path.join(here, "node_modules/maplibre-gl")]);
  for (const input of Object.keys(inputs)) {
    const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path.resolve(here, input));
    if (found) folders.add(found[1]);
  }
  const parts = [];
  for (const folder of [...folders].sort()) {
    const { name, version, license } = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
    const text = (await readLicence(folder)) || `Licence: ${license}`;
    parts.push(`${name} ${version} (${license})\n\n${text}\n`);
  }
  await writeFile(path.join(aside, "LICENSES.txt"), parts.join(`\n${"=".repeat(78)}\n\n`));
}

const options = {
  absWorkingDir: here,
  entryPoints: [...(await listFiles("src/entries", ".js")), ...(await listFiles("src/styles", ".css"))],
  outdir: aside,
  entryNames: "[name]",
  // Beside the entries, so that the worker of the maps is found from any of them.
  chunkNames: "chunk-[hash]",
  assetNames: "fonts/[name]",
  loader: { ".woff2": "file" },
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["es2022", "chrome109", "firefox115", "safari16.4"],
  minify: !watching,
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
};

async function copyWorker() {
  await mkdir(aside, { recursive: true });
  await cp(
    path.join(here, "node_modules/maplibre-gl/dist/maplibre-gl-worker.mjs"),
    path.join(aside, "maplibre-gl-worker.mjs"),
  );
}

if (watching) {
  await copyWorker();
  await (await context(options)).watch();
} else {
  try {
    const { metafile } = await build(options);
    await copyWorker();
    await writeLicences(metafile.inputs);
    await rm(target, { recursive: true, force: true });
    await rename(aside, target);
    const sizes = Object.entries(metafile.outputs).map(([name, { bytes }]) => [path.basename(name), bytes]);
    for (const [name, bytes] of sizes.sort((a, b) => b[1] - a[1])) {
      console.log(`${String(Math.round(bytes / 1024)).padStart(6)} kB  ${name}`);
    }
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}
