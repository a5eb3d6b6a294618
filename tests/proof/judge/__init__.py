"""The project's brute force over folders: edits are judged by walking before they are checked."""
