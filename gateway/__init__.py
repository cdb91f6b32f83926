"""The running thing: owns time, tasks and processes."""
