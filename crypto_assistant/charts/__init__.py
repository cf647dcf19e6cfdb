"""Pictures: plain data of what is drawn, where it stands, and the drawing of it."""
