"""What pictures of a run show, as plain numbers: points, bars, flows and curves worked out from a report. Nothing is drawn here."""
