"""Pictures of every page as Telegram shows it on a phone, to be looked at: `make gallery`."""
