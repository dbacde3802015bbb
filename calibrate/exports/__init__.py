"""Rules for other scoring engines: one file a target in targets/, and what each of them keeps and loses."""
