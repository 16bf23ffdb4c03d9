"""Files and pictures: run directories, timelines, plots, pages."""
