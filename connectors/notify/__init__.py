"""People: pager, mail, chat, and programs that route on."""
