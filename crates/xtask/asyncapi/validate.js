// Says what is wrong with an AsyncAPI document: `node validate.js FILE`. Exit status 1 if anything is.
import { readFile } from "node:fs/promises";
import { argv, exit } from "node:process";

import { Parser } from "@asyncapi/parser";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";

// The parser's severities. Information and hints, such as that there is a newer AsyncAPI, are not wrong.
const WARNING = 1;
const SEVERITIES = ["error", "warning"];

const file = argv[2];
const { document, diagnostics } = await new Parser().parse(await readFile(file, "utf8"));
const wrong = diagnostics
  .filter(({ severity }) => severity <= WARNING)
  .map(({ severity, code, message, path, range }) => {
    const line = range.start.line + 1;
    return `${SEVERITIES[severity]} ${code} at /${path.join("/")} (line ${line}): ${message}`;
  });

let examples = 0;
for (const message of document?.allMessages().all() ?? []) {
  const { validPayload, validHeaders } = validators(message);
  const shown = message.examples().all();
  if (shown.length === 0) wrong.push(`error: message ${message.id()} has no example`);
  for (const example of shown) {
    examples += 1;
    check(message, example.name(), "payload", validPayload, example.payload());
    check(message, example.name(), "headers", validHeaders, example.headers());
  }
}
if (document && examples === 0) wrong.push("error: the document has no example");

// The parser itself holds no example against its schema.
function validators(message) {
  const ajv = addFormats.default(new Ajv({ strict: false, allErrors: true }));
  ajv.addFormat("uint32", { type: "number", validate: (n) => Number.isInteger(n) && n >= 0 && n < 2 ** 32 });
  return {
    validPayload: ajv.compile(message.payload().json()),
    validHeaders: ajv.compile(message.headers().json()),
  };
}

function check(message, name, part, valid, value) {
  if (valid(value)) return;
  for (const { instancePath, message: problem } of valid.errors) {
    wrong.push(`error: example "${name}" of ${message.id()}: ${part}${instancePath} ${problem}`);
  }
}

for (const line of wrong) console.error(line);
if (wrong.length > 0) exit(1);
console.log(`${file} is valid, and so are its ${examples} examples`);
