// The JavaScript SDK, driven by lines as `lines.py` says. Its packages are those of the current folder.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const sdk = createRequire(`${process.cwd()}/`)("@aws-sdk/client-sqs");
const client = new sdk.SQSClient({ maxAttempts: 1 });

const rich = (name, value) => (value && value.$bytes !== undefined ? Buffer.from(value.$bytes, "base64") : value);
const plain = (value) => {
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return value.map(plain);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
  }
  return value;
};

for await (const line of createInterface({ input: process.stdin })) {
  const [action, members] = JSON.parse(line, rich);
  let answer;
  try {
    const { $metadata, ...output } = await client.send(new sdk[`${action}Command`](members));
    answer = { output: plain(output) };
  } catch (error) {
    if (!(error instanceof sdk.SQSServiceException)) throw error;
    answer = { error: { kind: error.name, code: error.Code ?? "", message: error.message } };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
client.destroy();
