"""The scenario harness: a library that plays YAML stories against a provider and an app, and the `pesabox` command."""
