"""What a function's process costs: its release binary, alone under a Runtime API of ours, against the local cloud."""
