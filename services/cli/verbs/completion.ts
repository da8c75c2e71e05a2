import { Command } from 'commander';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';

/** Each shell asks `quorate __complete WORDS...`; the last word is the one to complete. */
const scripts: Readonly<Record<string, string>> = {
  bash: `# quorate completion for bash: source <(quorate completion bash)
_quorate() {
  local IFS=$'\\n'
  local word="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=( $(quorate __complete "\${COMP_WORDS[@]:1:COMP_CWORD-1}" "$word" 2>/dev/null) )
  if [[ \${COMPREPLY[0]} == ":files" ]]; then COMPREPLY=( $(compgen -f -- "$word") ); compopt -o filenames; fi
  if [[ \${#COMPREPLY[@]} == 1 && \${COMPREPLY[0]} == */ ]]; then compopt -o nospace; fi
}
complete -F _quorate quorate
`,
  zsh: `#compdef quorate
# quorate completion for zsh: source <(quorate completion zsh)
_quorate() {
  local -a found
  found=("\${(@f)$(quorate __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ $found[1] == ":files" ]]; then _files; return; fi
  [[ -n $found[1] ]] && compadd -Q -- $found
}
compdef _quorate quorate
`,
  fish: `# quorate completion for fish: quorate completion fish | source
function __quorate_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l found (quorate __complete $words[2..-1] 2>/dev/null)
  if test "$found[1]" = ":files"
    __fish_complete_path (commandline -ct)
  else
    printf '%s\\n' $found
  end
end
complete -c quorate -f -a '(__quorate_complete)'
`,
};

export function command(context: Context): Command {
  return new Command().argument('<shell>', 'bash, zsh or fish').action((shell: string) => {
    const script = scripts[shell];
    if (script === undefined) {
      throw new CommandError(`unsupported shell type "${shell}": use bash, zsh or fish`);
    }
    context.out.write(script);
  });
}
