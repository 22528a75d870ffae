// One comparison: a configuration, and what clients do with each of its services.

/** The addresses that a world has: clients come from them, services may be bound to them. */
export const addresses = {
  v4: ['127.0.0.1', '10.9.8.7', '10.9.8.8', '10.9.9.1', '172.20.1.1'],
  v6: ['::1', '2001:db8::1', '2001:db8:0:1::5'],
} as const;

export type Step =
  /** Connects, sends, ends its direction, reads to the end. */
  | { readonly do: 'exchange'; readonly from: string; readonly to: string; readonly send: string }
  /** Connects, sends, reads so many bytes, and only then closes. */
  | {
      readonly do: 'converse';
      readonly from: string;
      readonly to: string;
      readonly send: string;
      readonly length: number;
    }
  /** Connects, reads a line and stays until the service's last step is done. */
  | { readonly do: 'stay'; readonly from: string; readonly to: string }
  /** So many clients at once; what they got, sorted. */
  | { readonly do: 'rush'; readonly from: string; readonly to: string; readonly count: number }
  | { readonly do: 'datagram'; readonly from: string; readonly to: string; readonly send: string };

export type Attribute = {
  readonly name: string;
  readonly operator: '=' | '+=' | '-=';
  readonly value: string;
};

export type TrialService = {
  readonly id: string;
  /** Of the `service` line. */
  readonly name: string;
  /** What the service is there to show, for the table of differences. */
  readonly kind: string;
  readonly attributes: readonly Attribute[];
  readonly steps: readonly Step[];
};

export type Trial = {
  readonly name: string;
  readonly defaults: readonly Attribute[];
  readonly services: readonly TrialService[];
  /** hosts.allow and hosts.deny. */
  readonly allow: string;
  readonly deny: string;
};

/** What became of a service's steps, one text each, and the lines that it left in the logs. */
export type ServiceResult = {
  readonly outcomes: readonly string[];
  readonly lines: readonly string[];
};

export type TrialResult = {
  /** Why the daemon could not be asked. */
  readonly failure: string | undefined;
  readonly services: Readonly<Record<string, ServiceResult>>;
  /** What the daemon said of itself, for the message of a failure. */
  readonly output: string;
};

export type Assignment = readonly [
  name: string,
  value: string | number | undefined,
  operator?: '=' | '+=' | '-=' | undefined,
];

/** Attributes in the order given; those without a value are left out. */
export const attributes = (...assignments: readonly Assignment[]): readonly Attribute[] =>
  assignments.flatMap(([name, value, operator]) =>
    value === undefined ? [] : [{ name, operator: operator ?? '=', value: String(value) }],
  );

const block = (head: string, lines: readonly Attribute[]): string =>
  [head, '{', ...lines.map(({ name, operator, value }) => `\t${name} ${operator} ${value}`), '}', ''].join(
    '\n',
  );

/** The configuration's text, the same for both daemons. */
export const renderTrial = ({ defaults, services }: Trial): string =>
  [
    block('defaults', defaults),
    ...services.map(({ name, attributes: lines }) => block(`service ${name}`, lines)),
  ].join('\n');

export const writtenValue = (service: TrialService, name: string): string | undefined =>
  service.attributes.find((attribute) => attribute.name.toLowerCase() === name)?.value;
