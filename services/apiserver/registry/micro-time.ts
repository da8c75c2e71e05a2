/** RFC 3339 with microseconds, as Kubernetes' MicroTime in Leases. */
export const microTime = (ms: number): string => {
  const at = new Date(ms);
  const micros = Math.floor((ms - Math.floor(ms)) * 1000);
  return `${at.toISOString().slice(0, -1)}${String(micros).padStart(3, '0')}Z`;
};
