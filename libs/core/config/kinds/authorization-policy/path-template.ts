import type { Findings } from '../../findings';

const literal = /^[A-Za-z0-9\-._~%!$&'()+,;:@=]+$/;

/** In a path `{*}` stands for one segment and `{**}` for any number of them, with no other behind it. */
export function checkPathTemplate(findings: Findings, field: string, path: string): void {
  if (!/\{\*{1,2}\}/.test(path)) return;
  const segments = path.split('/').slice(1);
  const sound =
    path.startsWith('/') && segments.every((segment) => /^\{\*{1,2}\}$/.test(segment) || literal.test(segment));
  if (!sound)
    findings.add(field, `${JSON.stringify(path)} is not a path template: {*} and {**} stand for whole segments`);
  else if (/\{\*\*\}.*\{\*/.test(path)) findings.add(field, 'nothing may stand for segments behind {**}');
}
