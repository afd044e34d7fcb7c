// One configuration key: its format, default and sentence for the reference. It holds no values.
import type { Format } from './format.ts';

export interface Key<T> {
  readonly format: Format<T>;
  readonly default: T;
  /** What the reference says; the first words say what it is, units are in the key's name. */
  readonly doc: string;
  /** Where the default depends on the machine: how it is found. */
  readonly defaultNote?: string;
  /** True for a value that is shown as `[secret]`. */
  readonly sensitive?: true;
}

export function key<T>(
  format: Format<T>,
  defaultValue: NoInfer<T>,
  doc: string | { readonly doc: string; readonly defaultNote?: string; readonly sensitive?: true },
): Key<T> {
  return { format, default: defaultValue, ...(typeof doc === 'string' ? { doc } : doc) };
}
