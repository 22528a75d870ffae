// Names of units: `finger.socket`, `finger@.service`, `finger@tty1.service`, and how anything is written in one.

/** `instance` is undefined where there is no `@`, and empty in a template. */
export type UnitName = {
  readonly prefix: string;
  readonly instance: string | undefined;
  readonly suffix: string;
};

/** undefined: no unit could be called so (systemd.unit(5)). */
export const parseUnitName = (name: string): UnitName | undefined => {
  const [, prefix = '', at, suffix = ''] = /^([^@]+)(@.*)?\.([a-z]+)$/s.exec(name) ?? [];
  if (!/^[A-Za-z0-9:_.\\-]+(?:@[A-Za-z0-9:_.\\@-]*)?\.[a-z]+$/.test(name) || name.length > 255) {
    return undefined;
  }
  return { prefix, instance: at?.slice(1), suffix };
};

/** The template of an instance: `finger@tty1.service` -> `finger@.service`; other names stay. */
export const templateOf = (name: string): string => name.replace(/@.*(?=\.[a-z]+$)/s, '@');

/** `-` is a slash, `\x2d` a byte. */
export const unescapeName = (text: string): string => {
  const encoded = text.replace(/-|%|\\x([0-9a-f]{2})/g, (whole, byte?: string) =>
    whole === '-' ? '/' : whole === '%' ? '%25' : `%${byte ?? ''}`,
  );
  try {
    return decodeURIComponent(encoded);
  } catch {
    // bytes that are no text
    return text;
  }
};
