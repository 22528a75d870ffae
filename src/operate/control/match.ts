// From a request's method and target to the route that answers it; or what is wrong with them.
import { type Answer, refuse } from './answer.ts';
import type { Check } from './body.ts';
import { type Route, routes } from './routes.ts';

export type Match = {
  readonly route: Route;
  readonly subject: string;
  readonly query: ReadonlyMap<string, string>;
};

/** `allow`: the methods that there are, where the method is what is wrong. */
export type Mismatch = { readonly answer: Answer; readonly allow?: string };

/** The first part in braces is the subject; undefined of another path. */
const subjectIn = (template: readonly string[], path: readonly string[]): string | undefined => {
  if (template.length !== path.length) return undefined;
  let subject = '';
  for (const [index, part] of template.entries()) {
    const there = path[index] ?? '';
    if (part.startsWith('{')) subject = there;
    else if (part !== there) return undefined;
  }
  return subject;
};

const templates = routes.map((route) => ({ route, parts: route.path.split('/') }));

const decode = (part: string): string | undefined => {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
};

const checkQuery = (
  text: string,
  known: Readonly<Record<string, Check>>,
): ReadonlyMap<string, string> | string => {
  const query = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    const check = Object.hasOwn(known, name) ? known[name] : undefined;
    if (check === undefined) {
      const names = Object.keys(known);
      const may = names.length === 0 ? 'this path takes none' : `there is ${names.join(', ')}`;
      return `the parameter ${JSON.stringify(name)} is not known; ${may}`;
    }
    if (query.has(name)) return `${name} is there twice; write it once`;
    const why = check(value);
    if (why !== undefined) return `${name} ${why}`;
    query.set(name, value);
  }
  return query;
};

/** `isProbe`: only what may be asked over TCP. */
export const matchRoute = (method: string, target: string, isProbe: boolean): Match | Mismatch => {
  const [path = '', ...rest] = target.split('?');
  const parts = path.split('/').map(decode);
  const whole = parts.filter((part) => part !== undefined);
  if (whole.length < parts.length)
    return { answer: refuse('bad-request', 'the path has a % that no two hexadecimal digits follow') };
  const found = templates.flatMap(({ route, parts: template }) => {
    const subject = subjectIn(template, whole);
    return subject === undefined || (isProbe && !route.isProbe) ? [] : [{ route, subject }];
  });
  if (found.length === 0) {
    const places = isProbe ? '/livez, /readyz and /metrics' : `/v1/openapi.json, which says what there is`;
    return { answer: refuse('not-found', `there is nothing at this path; try ${places}`) };
  }
  const wanted = method === 'HEAD' ? 'GET' : method;
  const match = found.find(({ route }) => route.method === wanted);
  if (match === undefined) {
    const methods = found.map(({ route }) => (route.method === 'GET' ? 'GET, HEAD' : route.method));
    const allow = methods.join(', ');
    return { answer: refuse('bad-request', `this path takes ${allow}, not ${method}`, 405), allow };
  }
  const query = checkQuery(rest.join('?'), match.route.query);
  if (typeof query === 'string') return { answer: refuse('bad-request', query) };
  return { ...match, query };
};
