"""What the system tests are made of; tests/system/README.md says how the parts fit together."""
