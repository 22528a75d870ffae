// The attributes of xinetd.conf: where each may stand, how often, and with how many values.

type Rule = {
  readonly places: 'service' | 'defaults' | 'both';
  /** How many values it has; `any` may be none. */
  readonly values: 1 | 2 | 'some' | 'any';
  /** A set is built up by the operators of several lines; anything else is said once. */
  readonly isSet: boolean;
  /**
   * It keeps somebody out, so a line of it counts although its form is wrong: with `+=`, and with too many values, of
   * which the first is taken.
   */
  readonly isGuard: boolean;
};

const once = (places: Rule['places'], values: Rule['values']): Rule => ({
  places,
  values,
  isSet: false,
  isGuard: false,
});
const limit = (places: Rule['places']): Rule => ({ ...once(places, 1), isGuard: true });
const set = (places: Rule['places']): Rule => ({ ...once(places, 'any'), isSet: true });

const rules = {
  socket_type: once('service', 1),
  protocol: once('service', 1),
  wait: once('service', 1),
  user: once('service', 1),
  group: once('service', 1),
  groups: once('both', 1),
  server: once('service', 1),
  server_args: once('service', 'some'),
  instances: limit('both'),
  per_source: limit('both'),
  cps: { ...once('both', 2), isGuard: true },
  max_load: limit('both'),
  log_type: once('both', 'some'),
  log_on_success: set('both'),
  log_on_failure: set('both'),
  only_from: set('both'),
  no_access: set('both'),
  access_times: { ...once('service', 'some'), isGuard: true },
  type: once('service', 'some'),
  flags: once('service', 'some'),
  id: once('service', 1),
  env: set('service'),
  passenv: set('both'),
  port: once('service', 1),
  nice: limit('service'),
  redirect: once('service', 2),
  banner: once('both', 1),
  banner_success: once('both', 1),
  banner_fail: once('both', 1),
  bind: { ...once('both', 'some'), isGuard: true },
  disable: once('service', 1),
  disabled: set('defaults'),
  enabled: set('defaults'),
  rpc_version: once('service', 1),
  rpc_number: once('service', 1),
  rlimit_as: limit('service'),
  rlimit_cpu: limit('service'),
  rlimit_data: limit('service'),
  rlimit_files: limit('service'),
  rlimit_rss: limit('service'),
  rlimit_stack: limit('service'),
  v6only: once('both', 1),
  deny_time: limit('service'),
  umask: limit('both'),
  libwrap: once('service', 1),
} as const satisfies Readonly<Record<string, Rule>>;

export type AttributeName = keyof typeof rules;

export type Attribute = { readonly name: AttributeName; readonly rule: Rule };

const isAttribute = (name: string): name is AttributeName => Object.hasOwn(rules, name);

const attributes: ReadonlyMap<string, Attribute> = new Map(
  [...Object.keys(rules), 'interface'].flatMap((written): readonly [string, Attribute][] => {
    const name = written === 'interface' ? 'bind' : written;
    return isAttribute(name) ? [[written, { name, rule: rules[name] }]] : [];
  }),
);

export const attributeNames: readonly string[] = [...attributes.keys()];

/** The attribute of this name; `interface` is another name of `bind`. */
export const findAttribute = (written: string): Attribute | undefined =>
  attributes.get(written) ?? attributes.get(written.toLowerCase());

/** What some xinetd had and none has any more, or what never came to it. */
export const goneAttributes: ReadonlyMap<string, string> = new Map([
  ['mdns', 'nothing is announced by multicast DNS'],
]);
