/** Spans of time as they are written in declarations: `{ minutes: 15 }`. */

const unitMs = { milliseconds: 1, seconds: 1_000, minutes: 60_000, hours: 3_600_000, days: 86_400_000 };

export type Duration = { readonly [U in keyof typeof unitMs]?: number };

/** The span in milliseconds; `NaN` when a unit is unknown or no number, which the model's check reports. */
export const milliseconds = (duration: Duration): number =>
  Object.entries(duration).reduce((sum, [unit, count]) => sum + count * unitMs[unit as keyof typeof unitMs], 0);
