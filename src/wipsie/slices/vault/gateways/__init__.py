"""What the vault speaks to outside its own process: libraries in processes with limits, Tesseract, ClamAV, WhatsApp."""
