# Completion of crypto-assistant, written from its argument parser.

# The words of the line so far, but for options.
function __crypto_assistant_said
    string match --invert -- '-*' (commandline -opc)[2..]
end

function __crypto_assistant_at
    test "$(__crypto_assistant_said)" = "$(string join \n -- $argv)"
end

function __crypto_assistant_after
    test "$(__crypto_assistant_said | head -n (count $argv))" = "$(string join \n -- $argv)"
end

complete -c crypto-assistant -f
complete -c crypto-assistant -n __crypto_assistant_at -a run -d 'the Telegram daemon'
complete -c crypto-assistant -n __crypto_assistant_at -a console -d 'the same commands in this terminal'
complete -c crypto-assistant -n __crypto_assistant_at -a ask -d 'one answer: ask /price BTC'
complete -c crypto-assistant -n __crypto_assistant_at -a pair -d 'finds your id in Telegram'
complete -c crypto-assistant -n __crypto_assistant_at -a check -d 'what works and what does not'
complete -c crypto-assistant -n __crypto_assistant_at -a holds -d 'who said stop, until when'
complete -c crypto-assistant -n __crypto_assistant_at -a backup -d 'copies the databases'
complete -c crypto-assistant -n __crypto_assistant_at -a restore -d 'puts a copy back'
complete -c crypto-assistant -n __crypto_assistant_at -a service -d 'starts with systemd'
complete -c crypto-assistant -n __crypto_assistant_at -a demo -d 'every answer once, simulated'
complete -c crypto-assistant -n __crypto_assistant_at -a sandbox -d 'serves the simulated market on loopback'
complete -c crypto-assistant -n __crypto_assistant_at -s h -l help -d 'show this help message and exit'
complete -c crypto-assistant -n __crypto_assistant_at -l version -d 'show program'"'"'s version number and exit'
complete -c crypto-assistant -n '__crypto_assistant_after run' -s h -l help -d 'show this help message and exit'
complete -c crypto-assistant -n '__crypto_assistant_after console' -s h -l help -d 'show this help message and exit'
complete -c crypto-assistant -n '__crypto_assistant_after console' -l market -x -a 'live sandbox auto' -d 'where the numbers come from (MARKET, else auto)'
complete -c crypto-assistant -n '__crypto_assistant_after ask' -s h -l help -d 'show this help message and exit'
complete -c crypto-assistant -n '__crypto_assistant_after ask' -l json -d 'the numbers behind the answer'
complete -c crypto-assistant -n '__crypto_assistant_after ask' -l market -x -a 'live sandbox auto' -d 'where the numbers come from (MARKET, else live)'
complete -c crypto-assistant -n '__crypto_assistant_after pair' -s h -l help -d 'show this help message and exit'
complete -c crypto-assistant -n '__crypto_assistant_after check' -s h -l help -d 'show this help message and exit'
complete -c crypto-assistant -n '__crypto_assistant_after check' -l deep -d 'audits the exchanges'"'"' numbers, too'
complete -c crypto-assistant -n '__crypto_assistant_at holds' -a clear -d 'lifts it'
complete -c crypto-assistant -n '__crypto_assistant_at holds' -s h -l help -d 'show this help message and exit'
complete -c crypto-assistant -n '__crypto_assistant_after holds clear' -s h -l help -d 'show this help message and exit'
complete -c crypto-assistant -n '__crypto_assistant_after backup' -s h -l help -d 'show this help message and exit'
complete -c crypto-assistant -n '__crypto_assistant_after backup' -F
complete -c crypto-assistant -n '__crypto_assistant_after restore' -s h -l help -d 'show this help message and exit'
complete -c crypto-assistant -n '__crypto_assistant_after restore' -F
complete -c crypto-assistant -n '__crypto_assistant_at service' -a install -d 'writes the unit'
complete -c crypto-assistant -n '__crypto_assistant_at service' -a uninstall -d 'removes it'
complete -c crypto-assistant -n '__crypto_assistant_at service' -s h -l help -d 'show this help message and exit'
complete -c crypto-assistant -n '__crypto_assistant_after service install' -s h -l help -d 'show this help message and exit'
complete -c crypto-assistant -n '__crypto_assistant_after service install' -l user -d 'of your own user'
complete -c crypto-assistant -n '__crypto_assistant_after service uninstall' -s h -l help -d 'show this help message and exit'
complete -c crypto-assistant -n '__crypto_assistant_after service uninstall' -l user -d 'of your own user'
complete -c crypto-assistant -n '__crypto_assistant_after demo' -s h -l help -d 'show this help message and exit'
complete -c crypto-assistant -n '__crypto_assistant_after sandbox' -s h -l help -d 'show this help message and exit'
