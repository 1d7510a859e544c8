export { binaryToJson, jsonToBinary, messageDescriptor, JsonFieldError } from './json';
export type { JsonObject, JsonValue } from './json';
