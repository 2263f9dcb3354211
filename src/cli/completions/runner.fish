# Words for runner on the command line of fish: runner completions fish | source
function __runner_words
    set -l program (commandline -opc)[1]
    set -l found (command $program completions words -- (commandline -cp | string collect) 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c runner -k -f -a '(__runner_words)'
