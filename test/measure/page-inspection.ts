// What a browser makes of a page: the sizes and colours of its parts, gathered inside the browser by one function.

/** The few things of a browser that are used here; its types stay out of the rest of the program. */
type PageBox = {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
};
type PageElement = {
  readonly textContent: string | null;
  readonly parentElement: PageElement | null;
  readonly childNodes: Iterable<{ readonly nodeType: number; readonly textContent: string | null }>;
  getBoundingClientRect: () => PageBox & { readonly width: number; readonly height: number };
  getAttribute: (name: string) => string | null;
  querySelector: (selector: string) => PageElement | null;
  querySelectorAll: (selector: string) => Iterable<PageElement>;
  closest: (selector: string) => PageElement | null;
};
declare const document: PageElement & {
  readonly documentElement: { readonly scrollWidth: number; readonly clientWidth: number };
};
declare const getComputedStyle: (element: PageElement) => Readonly<Record<string, string>>;

export type Box = PageBox & { readonly text: string };
export type Colours = { readonly what: string; readonly colour: string; readonly ground: string };
export type ChartFindings = {
  readonly title: string;
  readonly role: string | null;
  readonly description: string;
  readonly frame: PageBox;
  readonly texts: readonly Box[];
  readonly axisTitles: readonly string[];
  readonly horizontalTicks: readonly string[];
  readonly verticalTicks: readonly string[];
  /** Undefined where the chart has no plot area. */
  readonly area: PageBox | undefined;
  readonly shapes: readonly Box[];
};
export type Findings = {
  readonly charts: readonly ChartFindings[];
  readonly scrollWidth: number;
  readonly clientWidth: number;
  readonly texts: readonly Colours[];
  readonly lines: readonly Colours[];
};

/** Runs inside the page: it may use nothing but what is in it. */
export const inspectPage = (): Findings => {
  const boxOf = (element: PageElement): Box => {
    const { left, right, top, bottom } = element.getBoundingClientRect();
    return { left, right, top, bottom, text: (element.textContent ?? '').trim() };
  };
  const isShown = (element: PageElement): boolean => {
    const { width, height } = element.getBoundingClientRect();
    return width > 0 || height > 0;
  };
  const shown = (root: PageElement, selector: string): readonly PageElement[] =>
    [...root.querySelectorAll(selector)].filter(isShown);
  const textsOf = (root: PageElement, selector: string): readonly string[] =>
    shown(root, selector).map((element) => (element.textContent ?? '').trim());
  const groundOf = (element: PageElement): string => {
    for (let at: PageElement | null = element; at !== null; at = at.parentElement) {
      const ground = getComputedStyle(at)['backgroundColor'] ?? '';
      if (ground !== '' && ground !== 'rgba(0, 0, 0, 0)' && ground !== 'transparent') return ground;
    }
    return 'rgb(255, 255, 255)';
  };
  const colours = (element: PageElement, property: string): Colours => ({
    what: `${element.getAttribute('class') ?? ''} ${(element.textContent ?? '').trim().slice(0, 40)}`,
    colour: getComputedStyle(element)[property] ?? '',
    ground: groundOf(element),
  });
  const areaOf = (svg: PageElement): PageBox | undefined => {
    const [left, top, right, bottom] = (svg.querySelector('.plot')?.getAttribute('data-area') ?? '')
      .split(' ')
      .map(Number);
    const [, , width] = (svg.getAttribute('viewBox') ?? '').split(' ').map(Number);
    const frame = svg.getBoundingClientRect();
    if (left === undefined || top === undefined || right === undefined || bottom === undefined)
      return undefined;
    const scale = frame.width / (width ?? 1);
    return {
      left: frame.left + left * scale,
      top: frame.top + top * scale,
      right: frame.left + right * scale,
      bottom: frame.top + bottom * scale,
    };
  };
  const charts = shown(document, 'svg').map(
    (svg): ChartFindings => ({
      title: svg.querySelector('title')?.textContent ?? '',
      role: svg.getAttribute('role'),
      description: svg.querySelector('desc')?.textContent ?? '',
      frame: boxOf(svg),
      texts: shown(svg, 'text').map((text) => {
        const full = text.querySelector('title')?.textContent ?? '';
        const box = boxOf(text);
        return { ...box, text: box.text.slice(full.length) };
      }),
      axisTitles: textsOf(svg, '.axis-title'),
      horizontalTicks: textsOf(svg, '.x-axis text'),
      verticalTicks: textsOf(svg, '.y-axis text'),
      area: areaOf(svg),
      shapes: shown(svg, '.plot path, .plot circle, .plot rect').map((shape) => {
        const { left, right, top, bottom } = boxOf(shape);
        return { left, right, top, bottom, text: shape.getAttribute('class') ?? '' };
      }),
    }),
  );
  const isOwnText = (element: PageElement): boolean =>
    [...element.childNodes].some(
      ({ nodeType, textContent }) => nodeType === 3 && (textContent ?? '').trim() !== '',
    );
  const words = shown(document, 'main *').filter(isOwnText);
  const isDrawn = (element: PageElement): boolean => element.closest('svg') !== null;
  return {
    charts,
    scrollWidth: document.documentElement.scrollWidth,
    clientWidth: document.documentElement.clientWidth,
    texts: words.map((element) => colours(element, isDrawn(element) ? 'fill' : 'color')),
    lines: [
      ...shown(document, '.line').map((element) => colours(element, 'stroke')),
      ...shown(document, '.bar, .dot, .error-bar').map((element) => colours(element, 'fill')),
    ],
  };
};

const channels = (colour: string): readonly number[] => {
  const numbers = [...colour.matchAll(/[\d.]+/g)].map(([number]) => Number(number));
  if (!/^rgb\(/.test(colour) || numbers.length !== 3) throw new Error(`not an opaque colour: ${colour}`);
  return numbers;
};

/** Relative luminance as WCAG 2 defines it. */
const luminance = (colour: string): number => {
  const [red = 0, green = 0, blue = 0] = channels(colour).map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};

/** From 1 to 21. */
export const contrast = ({ colour, ground }: Colours): number => {
  const [one, other] = [luminance(colour), luminance(ground)];
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
};
