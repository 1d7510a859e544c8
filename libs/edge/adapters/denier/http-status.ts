/** HTTP statuses of gRPC codes, by their numbers, as `google/rpc/code.proto` maps them. */
const statuses = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];

/** The HTTP status that a gRPC code becomes where nothing else is asked for. */
export function httpStatusOf(code: number): number {
  return statuses[code] ?? 500;
}
