import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFileRegistry, fromBinary, type DescFile, type DescMessage, type Registry } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';

/** Where the descriptor image, a google.protobuf.FileDescriptorSet, has what: field numbers of descriptor.proto. */
const setFile = 1;
const fileName = 1;
const filePackage = 2;
const fileMessage = 4;
const messageName = 1;

interface Image {
  /** The bytes of each file's descriptor, by the name of the file. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The name of the file that declares a message which is in no other, by the message's full name. */
  readonly declaredIn: ReadonlyMap<string, string>;
}

let image: Image | undefined;
const read = new Map<string, DescFile>();
const known = new Map<string, DescMessage>();

/**
 * Every message type that this project speaks, from the descriptor image made at build time. The image is large; of it a
 * file is read, with those that it imports, when one of its messages is first asked for.
 */
export const registry: Registry = {
  kind: 'registry',
  [Symbol.iterator]: () => known.values(),
  get: findMessage,
  getMessage: findMessage,
  getEnum: () => undefined,
  getExtension: () => undefined,
  getExtensionFor: () => undefined,
  getService: () => undefined,
};

function findMessage(typeName: string): DescMessage | undefined {
  const found = known.get(typeName);
  if (found !== undefined) return found;
  image ??= indexOf(readFileSync(join(__dirname, 'gen', 'image.binpb')));
  let outermost = typeName;
  while (outermost !== '' && !image.declaredIn.has(outermost))
    outermost = outermost.slice(0, Math.max(outermost.lastIndexOf('.'), 0));
  const file = image.declaredIn.get(outermost);
  if (file === undefined || read.has(file)) return undefined;
  readFile(image, file);
  return known.get(typeName);
}

function readFile(from: Image, name: string): DescFile | undefined {
  const before = read.get(name);
  const bytes = from.files.get(name);
  if (before !== undefined || bytes === undefined) return before;
  const proto = fromBinary(FileDescriptorProtoSchema, bytes);
  const file = createFileRegistry(proto, (imported) => readFile(from, imported)).getFile(name);
  if (file === undefined) return undefined;
  read.set(name, file);
  file.messages.forEach(learn);
  return file;
}

function learn(message: DescMessage): void {
  known.set(message.typeName, message);
  message.nestedMessages.forEach(learn);
}

/** What is in the image, without a look into the messages. */
function indexOf(bytes: Uint8Array): Image {
  const files = new Map<string, Uint8Array>();
  const declaredIn = new Map<string, string>();
  for (const file of membersOf(bytes, setFile)) {
    const name = text(file, fileName);
    const scope = text(file, filePackage);
    files.set(name, file);
    for (const message of membersOf(file, fileMessage))
      declaredIn.set(`${scope === '' ? '' : `${scope}.`}${text(message, messageName)}`, name);
  }
  return { files, declaredIn };
}

function text(message: Uint8Array, field: number): string {
  return Buffer.from(membersOf(message, field)[0] ?? []).toString();
}

/** The values of a field that is a message or a text. */
function membersOf(message: Uint8Array, field: number): Uint8Array[] {
  const members: Uint8Array[] = [];
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number === field && wireType === WireType.LengthDelimited) members.push(reader.bytes());
    else reader.skip(wireType, number);
  }
  return members;
}
