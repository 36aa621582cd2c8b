// Sizes of files and lengths of sound, as people read them.
export function bytes(language: string, size: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;
  const step = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, size)) / 10));
  return new Intl.NumberFormat(language, { style: 'unit', unit: units[step]!, unitDisplay: 'short', maximumFractionDigits: step > 1 ? 1 : 0 }).format(size / 1024 ** step);
}
