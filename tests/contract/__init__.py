"""What the client sends and the emulator answers, held against Adobe's OpenAPI files."""
