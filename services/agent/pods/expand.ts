/**
 * Kubernetes' `$(NAME)` in command, args and env values: replaced where NAME is known and left as
 * it is where not; `$$` is one dollar sign, so that `$$(NAME)` is a literal `$(NAME)`.
 */
export function expand(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (match, name: string | undefined) => {
    if (name === undefined) return '$';
    return Object.hasOwn(variables, name) ? (variables[name] ?? '') : match;
  });
}
