//! TEAMVIEWER: not read yet.
