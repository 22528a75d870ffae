// What acceptd can have more and more of, and how much of it this machine bears.
import { canOpen, mostInstances } from '../capacity.ts';
import { wholeNumber } from '../report.ts';
import { sizesUpTo } from './scenario.ts';

/** For connections, and because a server may keep its listeners at high numbers. */
export const spareDescriptors = 4096;

/** One thing that there can be more of. */
export type Dimension = {
  readonly name: 'listeners' | 'live instances' | 'sources seen';
  readonly sizes: readonly number[];
  readonly handler: string;
  /** Connections before memory is read; as many for every size, so that only the size differs. */
  readonly warming: number;
  readonly isMemoryJudged: boolean;
};

export const dimensions: readonly Dimension[] = [
  {
    name: 'listeners',
    sizes: [1, 10, 100, 1000, 10000],
    handler: 'empty',
    warming: 10000,
    isMemoryJudged: false,
  },
  {
    name: 'live instances',
    sizes: [0, 1000, 10000],
    handler: 'hold',
    warming: 10000,
    isMemoryJudged: true,
  },
  {
    name: 'sources seen',
    sizes: [1, 1000, 10000, 100000],
    handler: 'empty',
    warming: 100000,
    isMemoryJudged: false,
  },
];

export const settingOf = (dimension: Dimension, size: number): string =>
  `${wholeNumber(size)} ${dimension.name}`;

export const possibleSizes = (dimension: Dimension, largest: number): readonly number[] =>
  sizesUpTo(dimension.sizes, largest).filter((size) => {
    if (dimension.name === 'listeners') return canOpen(size + spareDescriptors);
    // the smaller sizes run at the same time
    return dimension.name !== 'live instances' || 1.2 * size <= mostInstances();
  });
