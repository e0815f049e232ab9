export const PART_NAMES = ['appends', 'replay', 'lookups', 'tenants'] as const;

export type PartName = (typeof PART_NAMES)[number];

/** How much of each is measured. */
export interface Sizes {
  readonly seconds: number;
  readonly rounds: number;
  readonly entries: number;
  readonly segments: number;
  readonly tenants: number;
}
