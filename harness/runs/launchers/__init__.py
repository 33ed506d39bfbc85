"""One module per launcher: where the processes of a run are started. ``_launcher`` says what each offers."""
