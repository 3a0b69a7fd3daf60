//! Pictures: how large they are, and a small one of each, written anew from its pixels: so nothing of what else a file may hold is in
//! it, neither where it was taken nor a script. One that would take too much memory is refused by what it says of itself, before any
//! of it is decoded.

use std::fs::File;
use std::io::{BufReader, Cursor};

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use crate::error::{Code, Error, Refusal, Result};

/// How wide and how high a thumbnail is at the most.
const SIDE: u32 = 512;
/// Of those that have no transparency: good enough to look at, and some tens of kilobytes.
const QUALITY: u8 = 80;
/// Bytes that a decoder may take besides the pixels.
const BESIDES: u64 = 32 * 1024 * 1024;

/// What was found out about a picture.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Picture {
    /// As it is to be looked at: width and height.
    pub(super) size: Option<(i32, i32)>,
    pub(super) thumbnail: Option<Thumbnail>,
}

/// A small picture.
#[derive(Debug, PartialEq)]
pub(super) struct Thumbnail {
    pub(super) media_type: &'static str,
    pub(super) bytes: Vec<u8>,
}

/// Looks at a picture. One that can't be read is no reason not to keep it: then there is nothing to tell.
///
/// Errors: it has more pixels than may be.
pub(super) fn look(file: File, media_type: &str, pixels: u64) -> Result<Picture> {
    let Some(format) = ImageFormat::from_mime_type(media_type) else { return Ok(Picture::default()) };
    match read(file, format, pixels) {
        Ok(picture) => Ok(picture),
        Err(ImageError::Limits(_)) => Err(too_large(pixels)),
        Err(error) => {
            tracing::debug!(%error, "a picture could not be read");
            Ok(Picture::default())
        }
    }
}

fn too_large(pixels: u64) -> Error {
    let why = format!("A picture may have at most {pixels} pixels, however few bytes they are packed into.");
    Refusal::new(Code::TooLong, "size", why).into()
}

fn read(file: File, format: ImageFormat, pixels: u64) -> Result<Picture, ImageError> {
    let mut limits = Limits::default();
    // Four channels of two bytes each are the most that a decoder gives.
    limits.max_alloc = Some(pixels.saturating_mul(8).saturating_add(BESIDES));
    let mut reader = ImageReader::with_format(BufReader::new(file), format);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > pixels {
        let kind = image::error::LimitErrorKind::DimensionError;
        return Err(ImageError::Limits(image::error::LimitError::from_kind(kind)));
    }
    limits.reserve(decoder.total_bytes())?;
    decoder.set_limits(limits)?;
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let size = |width: u32, height: u32| Some((i32::try_from(width).ok()?, i32::try_from(height).ok()?));
    let mut picture = match DynamicImage::from_decoder(decoder) {
        Ok(picture) => picture,
        Err(error @ ImageError::Limits(_)) => return Err(error),
        // It says how large it is, and that is all that can be told of it.
        Err(_) => return Ok(Picture { size: size(width, height), thumbnail: None }),
    };
    picture.apply_orientation(orientation);
    let size = size(picture.width(), picture.height());
    let thumbnail = shrink(&picture).ok();
    Ok(Picture { size, thumbnail })
}

fn shrink(picture: &DynamicImage) -> Result<Thumbnail, ImageError> {
    let is_large = picture.width() > SIDE || picture.height() > SIDE;
    let small = if is_large { picture.thumbnail(SIDE, SIDE) } else { picture.clone() };
    let mut bytes = Vec::new();
    let small = small.into_rgba8();
    if small.pixels().any(|pixel| pixel.0[3] < u8::MAX) {
        small.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)?;
        return Ok(Thumbnail { media_type: "image/png", bytes });
    }
    let opaque = DynamicImage::ImageRgba8(small).into_rgb8();
    opaque.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY))?;
    Ok(Thumbnail { media_type: "image/jpeg", bytes })
}
