//! The pictures of the demo, drawn here: what people see of them is a thumbnail, as of any they would take.

use std::io::Cursor;

use bytes::Bytes;
use image::{ImageFormat, Rgb, RgbImage};

use crate::error::{Error, Result};

const WIDTH: u32 = 960;
const HEIGHT: u32 = 540;
const PAPER: Rgb<u8> = Rgb([250, 249, 246]);
const GRID: Rgb<u8> = Rgb([226, 224, 218]);
const LINE: Rgb<u8> = Rgb([22, 101, 92]);

/// A graph that does not move.
pub(super) fn graph() -> Result<Bytes> {
    let mut paper = RgbImage::from_pixel(WIDTH, HEIGHT, PAPER);
    for (x, y, pixel) in paper.enumerate_pixels_mut() {
        if x % 96 == 48 || y % 90 == 45 {
            *pixel = GRID;
        }
        // A ripple of some pixels, so that one sees that it was measured.
        let height = 300 + (x * 7 % 31) % 5 + (x / 16 * 5) % 7;
        if y.abs_diff(height) < 3 {
            *pixel = LINE;
        }
    }
    let mut bytes = Cursor::new(Vec::new());
    paper.write_to(&mut bytes, ImageFormat::Png).map_err(Error::internal)?;
    Ok(bytes.into_inner().into())
}
