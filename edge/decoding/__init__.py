"""What `carebed-edge decode` shows of each protocol: one file a family of drivers, none decodes by itself."""
