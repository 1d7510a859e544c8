import { dnsComparisonProblem, dnsNameProblem, sameDnsName } from './dns-name';

/** RFC 5321 allows 254 characters; a few more do no harm. */
const maxLength = 1024;

/** The parts of an address. The local part of `"a b"@c` is `a b`. */
interface Parts {
  readonly local: string;
  readonly domain: string;
}

/** What is wrong with an e-mail address (an addr-spec of RFC 5322, without a name), or undefined. */
export function emailProblem(text: string): string | undefined {
  const parts = parseEmail(text);
  if (typeof parts === 'string') return parts;
  return dnsNameProblem(parts.domain);
}

/** Whether two addresses are one: equal local parts, and domains that are one name. */
export function sameEmail(a: string, b: string): boolean | undefined {
  const first = parseEmail(a);
  const second = parseEmail(b);
  if (typeof first === 'string' || typeof second === 'string') return undefined;
  const domains = sameDnsName(first.domain, second.domain);
  return domains === undefined ? undefined : domains && first.local === second.local;
}

/** Why `sameEmail` cannot tell. */
export function emailComparisonProblem(a: string, b: string): string {
  const first = parseEmail(a);
  if (typeof first === 'string') return first;
  const second = parseEmail(b);
  if (typeof second === 'string') return second;
  return `error comparing e-mails '${a}' and '${b}': ${dnsComparisonProblem(first.domain, second.domain)}`;
}

const wordChars = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\-\\u0080-\\uffff]";
const word = `${wordChars}+(?:\\.${wordChars}+)*`;
const quoted = '"((?:[\\t !#-\\[\\]-~\\u0080-\\uffff]|\\\\[\\t -~\\u0080-\\uffff])+)"';
const address = new RegExp(`^[ \\t]*(?:${quoted}|(${word}))@[ \\t]*(${word})[ \\t]*$`);

/** The parts of an address, or what is wrong with it. */
function parseEmail(text: string): Parts | string {
  if (text.length > maxLength) return 'mail: address too long';
  const bare = text.replace(/^[ \t]+|[ \t]+$/g, '');
  if (bare === '') return 'mail: no address';
  const inner = /^<(.*)>$/.exec(bare)?.[1] ?? bare;
  const match = address.exec(inner);
  if (match === null) {
    if (/.<.*>$/.test(bare) || bare.endsWith(')')) return 'display names are not allowed';
    return inner.includes('@') ? 'mail: no valid address' : "mail: missing '@'";
  }
  const [, quotedLocal, plainLocal = '', host = ''] = match;
  const whole = `${quotedLocal?.replace(/\\(.)/g, '$1') ?? plainLocal}@${host}`;
  // Where the local part holds an @, the first one counts to Mixer.
  const at = whole.indexOf('@');
  return { local: whole.slice(0, at), domain: whole.slice(at + 1) };
}
